import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSettings } from '#config';
import { migrate } from '#database';
import { EmbeddedPostgres } from '#embedded-postgres';
import pg from 'pg';
import { copyDataFolder } from './data-folder.js';
import { childrenOf } from './processes.js';
import type { TestDatabase } from './test-database.js';

/** A PostgreSQL of one's own, with a migrated database, to do to it what machines and operators do. */
export class OwnPostgres implements TestDatabase {
  private constructor(
    private readonly folder: string,
    private readonly server: EmbeddedPostgres,
    private readonly pool: pg.Pool,
  ) {}

  /** In a folder that goes with it, made where there is none. */
  static async start(folder = mkdtempSync(join(tmpdir(), 'postgres-test-'))): Promise<OwnPostgres> {
    if (readdirSync(folder).length === 0) copyDataFolder(folder);
    const server = await EmbeddedPostgres.start({ dataDir: folder, log: () => undefined });
    await migrate(server.url, new DatabaseSettings());
    const pool = new pg.Pool({ connectionString: server.url, max: 2, connectionTimeoutMillis: 5_000 });
    // The server is stopped under the pool; a query that follows tells.
    pool.on('error', () => undefined);
    return new OwnPostgres(folder, server, pool);
  }

  get url(): string {
    return this.server.url;
  }

  async query<T extends object>(text: string, parameters?: unknown[]): Promise<T[]> {
    return (await this.pool.query<T>(text, parameters)).rows;
  }

  /** Ends the server (SIGINT: its fast shutdown; SIGKILL: as a crash); its supervisor starts it again, on the same port. */
  restart(signal: 'SIGINT' | 'SIGKILL'): void {
    process.kill(this.postmaster, signal);
  }

  /** All of its processes stand still. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  async drop(): Promise<void> {
    await this.pool.end();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  private get postmaster(): number {
    return parseInt(readFileSync(join(this.folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  }

  /** The postmaster first, so that none is added meanwhile. */
  private signal(signal: NodeJS.Signals): void {
    const { postmaster } = this;
    for (const pid of [postmaster, ...childrenOf(postmaster)]) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}
