import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSettings } from '#config';
import { dataSourceOptions, Transactions } from '#database';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AuditLog } from '../../libs/auth/src/audit/audit-log.js';
import { AuditRetention } from '../../libs/auth/src/audit/audit-retention.js';
import { AuditSealer } from '../../libs/auth/src/audit/audit-sealer.js';
import { verifyAudit } from '../../libs/auth/src/audit/audit-verifier.js';
import { AUDIT_ACTOR, AUDIT_TABLES } from '../support/audit-chain.js';
import { runPsqlScript } from '../support/psql-script.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { SkillServer } from '../support/skill-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { adminToken, call } from '../support/service-api.js';

const ROLES = resolve(import.meta.dirname, '..', '..', 'deploy', 'postgresql', 'roles.sql');
const ADMIN_SECRET = 'an-admin-secret-for-this-test';
const DENIED = '42501';

/** The audit log as whoever took over the service would like to have it. */
const TAMPERING = AUDIT_TABLES.flatMap((table) => [
  `UPDATE ${table} SET updated_at = now()`,
  `UPDATE ${table} SET id = id WHERE false`,
  `DELETE FROM ${table}`,
  `DELETE FROM ${table} WHERE created_at < now() - interval '91 days'`,
  `TRUNCATE ${table}`,
  `TRUNCATE ${table} CASCADE`,
  `INSERT INTO ${table} SELECT * FROM ${table} ON CONFLICT (id) DO UPDATE SET created_at = now()`,
  `SELECT * FROM ${table} FOR UPDATE`,
  `ALTER TABLE ${table} DISABLE TRIGGER USER`,
  `ALTER TABLE ${table} DISABLE TRIGGER tr_${table}_append_only`,
  `ALTER TABLE ${table} RENAME TO ${table}_gone`,
  `ALTER TABLE ${table} ALTER COLUMN created_at TYPE text`,
  `DROP TRIGGER tr_${table}_append_only ON ${table}`,
  `DROP TABLE ${table} CASCADE`,
  `CREATE TRIGGER mine BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()`,
  `CREATE RULE mine AS ON INSERT TO ${table} DO INSTEAD NOTHING`,
]);

const GREATER_RIGHTS = [
  'SET session_replication_role = replica',
  'CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
  'DROP FUNCTION audit_is_append_only CASCADE',
  'ALTER FUNCTION audit_delete_oldest(integer, integer) SECURITY INVOKER',
  'CREATE TABLE mine (id integer)',
  'CREATE ROLE mine SUPERUSER',
  'ALTER ROLE CURRENT_USER SUPERUSER',
  `UPDATE migrations SET name = ''`,
  'DELETE FROM migrations',
  'UPDATE registry_identity SET updated_at = now()',
  'DELETE FROM registry_identity',
  `COPY skills TO PROGRAM 'true'`,
];

describe('the database role of deploy/postgresql/roles.sql', () => {
  // As a name that needs its quotes, and a password that does.
  const role = `skill service "${randomBytes(4).toString('hex')}"`;
  const password = `it's/${randomBytes(8).toString('hex')}`;
  let database: TestDatabase;
  let url: string;
  let service: ServiceProcess;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    const script = readFileSync(ROLES, 'utf8');
    const variables = { service: role, password: pg.escapeLiteral(password) };
    // Again, as after a migration.
    for (let times = 0; times < 2; times += 1) await runPsqlScript(database.url, script, variables);
    const own = new URL(database.url);
    own.username = encodeURIComponent(role);
    own.password = encodeURIComponent(password);
    url = own.toString();
    service = await startService({
      env: {
        DATABASE_URL: url,
        SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
        OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
      },
    });
    client = new pg.Client({ connectionString: url });
    await client.connect();
  }, 120_000);

  afterAll(async () => {
    await endServices();
    await client.end();
    const server = new URL(database.url);
    server.pathname = '/postgres';
    await database.query(`DROP OWNED BY ${pg.escapeIdentifier(role)}`);
    await database.drop();
    const maintenance = new pg.Client({ connectionString: server.toString() });
    await maintenance.connect();
    await maintenance.query(`DROP ROLE ${pg.escapeIdentifier(role)}`);
    await maintenance.end();
  });

  it('lets the service do its work: nothing is refused, and no job of it fails', async () => {
    const token = await adminToken(service.url, ADMIN_SECRET);
    const send = async (path: string, body?: unknown, method?: string): Promise<Record<string, string>> => {
      const answer = await call<{ data?: Record<string, string> }>(`${service.url}/api/v1${path}`, {
        token,
        body,
        ...(method && { method }),
      });
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body.data ?? (answer.body as Record<string, string>);
    };
    const skill = await SkillServer.start();
    try {
      const { skill_id } = await send('/skills/register', skillBody({ endpoints: [{ url: skill.url }] }));
      await send(`/skills/${skill_id}/heartbeat`, {});
      await send('/skills/batch', { skills: [skillBody(), skillBody()] });
      await send('/skills/discover?capability=forecast&q=weather');
      const { channel_id } = await send('/channels/create', { skill_id, capability_id: 'forecast' });
      await send(`/channels/${channel_id}/context`, { from: 'de' }, 'PUT');
      const command = { command_id: 'one', skill_id, capability_id: 'forecast', parameters: { city: 'Rome' } };
      expect((await send('/commands/execute', command)).status).toBe('completed');
      await send('/auth/clients', { client_id: 'weather', name: 'Weather', role: 'publisher' });
      const { key_id } = await send('/auth/clients/weather/api-keys', { name: 'key' });
      await send(`/auth/clients/weather/api-keys/${key_id}`, undefined, 'DELETE');
      await send('/auth/clients/weather', { disabled: true }, 'PATCH');
      await send('/auth/clients/weather', undefined, 'DELETE');
      await send(`/skills/${skill_id}`, { description: 'x' }, 'PATCH');
      await send(`/skills/${skill_id}`, undefined, 'DELETE');
    } finally {
      await skill.stop();
    }
    const sealed = () => database.query<{ count: number }>('SELECT count(*)::int AS count FROM audit_seals');
    await until(async () => ((await sealed())[0]?.count ?? 0) > 10, 20_000);
    expect(service.output).not.toMatch(/permission denied|must be owner|42501/);
    expect(service.lines.filter(({ level }) => ['warn', 'error', 'fatal'].includes(level))).toEqual([]);
  }, 60_000);

  it('lets the service seal the log, delete what is over 90 days old, and verify it', async () => {
    const source = await new DataSource(dataSourceOptions(url, new DatabaseSettings(), [])).initialize();
    try {
      const [log, transactions] = [new AuditLog(), new Transactions(source)];
      const sealer = new AuditSealer(transactions);
      await sealer.seal();
      const retention = new AuditRetention(transactions, log);
      expect(await retention.purge()).toBe(0);
      // All that there is becomes old, as time would make it.
      for (const table of AUDIT_TABLES) {
        await database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
        await database.query(`UPDATE ${table} SET created_at = created_at - interval '100 days'`);
        await database.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
      }
      await log.recordAttempts(source, [
        { actor: AUDIT_ACTOR, action: 'skill.update', target: 'skill:1', before: {}, after: {}, age: 0 },
      ]);
      await sealer.seal();
      expect(await retention.purge()).toBeGreaterThan(0);
      await sealer.seal();
      const entries = await database.query<{ action: string }>('SELECT action FROM audit_entries ORDER BY created_at');
      expect(entries.map(({ action }) => action)).toEqual(['skill.update', 'audit.purge']);
      expect(await verifyAudit(source)).toMatchObject({ blocks: 2, entries: 2, unsealed: 0, fault: null });
    } finally {
      await source.destroy();
    }
  });

  it.each([...TAMPERING, ...GREATER_RIGHTS])('may not: %s', async (statement) => {
    const state = () => Promise.all(AUDIT_TABLES.map((table) => database.query(`SELECT * FROM ${table} ORDER BY id`)));
    const before = await state();
    await expect(client.query(statement)).rejects.toMatchObject({ code: DENIED });
    expect(await state()).toEqual(before);
  });
});
