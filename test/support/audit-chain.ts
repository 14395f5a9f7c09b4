import { DatabaseSettings } from '#config';
import { dataSourceOptions, Transactions } from '#database';
import { DataSource } from 'typeorm';
import { AuditLog } from '../../libs/auth/src/audit/audit-log.js';
import { AuditSealer } from '../../libs/auth/src/audit/audit-sealer.js';
import { type AuditReport, type NotedBlock, verifyAudit } from '../../libs/auth/src/audit/audit-verifier.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

export const AUDIT_TABLES = ['audit_entries', 'audit_seals', 'audit_blocks'];
export const AUDIT_ACTOR = { clientId: 'weather-team', origin: { traceId: 'a'.repeat(32), address: '10.0.0.7' } };

/** The audit log alone, on a database of its own. */
export class AuditChain {
  readonly log = new AuditLog();
  readonly transactions: Transactions;
  sealer: AuditSealer;

  private constructor(
    readonly database: TestDatabase,
    readonly dataSource: DataSource,
  ) {
    this.transactions = new Transactions(dataSource);
    this.sealer = new AuditSealer(this.transactions);
  }

  static async start(): Promise<AuditChain> {
    const database = await createTestDatabase();
    const options = dataSourceOptions(database.url, new DatabaseSettings(), []);
    return new AuditChain(database, await new DataSource(options).initialize());
  }

  async stop(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }

  /** Empties the log: a tenth of the time of a new database. */
  async reset(): Promise<void> {
    await this.tamper(`TRUNCATE ${AUDIT_TABLES.join(', ')}`);
    this.sealer = new AuditSealer(this.transactions);
  }

  /** So many entries, of so many milliseconds ago. */
  write(count: number, age = 0): Promise<void> {
    return this.log.recordAttempts(
      this.dataSource,
      Array.from({ length: count }, (_, number) => ({
        actor: AUDIT_ACTOR,
        action: 'skill.update',
        target: `skill:${number}`,
        before: { number },
        after: { number: number + 1 },
        age,
      })),
    );
  }

  /** As the owner of the tables can. */
  async tamper(statement: string, parameters?: unknown[]): Promise<void> {
    for (const table of AUDIT_TABLES) await this.database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await this.database.query(statement, parameters);
    for (const table of AUDIT_TABLES) await this.database.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  }

  verify(noted?: NotedBlock): Promise<AuditReport> {
    return verifyAudit(this.dataSource, noted);
  }
}
