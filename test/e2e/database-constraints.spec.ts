import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

type Row = Record<string, unknown>;

/** One good row of each table, in the order in which they need each other. */
const ids = {
  skill: randomUUID(),
  endpoint: randomUUID(),
  second: randomUUID(),
  capability: randomUUID(),
  channel: randomUUID(),
  execution: randomUUID(),
  secondExecution: randomUUID(),
};
const GOOD: Record<string, Row> = {
  clients: { client_id: 'c', name: 'n', role: 'viewer', secret_hash: 'h' },
  skills: { id: ids.skill, name: 'n', version: '1.2.3', owner: 'o' },
  skill_endpoints: { id: ids.endpoint, skill_id: ids.skill, url: 'http://a/', protocol: 'http' },
  endpoint_params: { endpoint_id: ids.endpoint, key: 'k', value: 'v' },
  endpoint_leases: { endpoint_id: ids.endpoint, skill_id: ids.skill, generation: 1 },
  endpoint_probes: { endpoint_id: ids.endpoint },
  capabilities: { id: ids.capability, skill_id: ids.skill, name: 'n', version: '1.0.0' },
  capability_params: { capability_id: ids.capability, name: 'n', type: 'string' },
  skill_metadata: { skill_id: ids.skill, key: 'k', value: 'v' },
  skill_status: { skill_id: ids.skill },
  skill_search: { skill_id: ids.skill, document: "'a':1" },
  skill_events: {
    skill_id: ids.skill,
    name: 'n',
    version: '1.0.0',
    event: 'registered',
    actor: 'a',
    registered_at: new Date(),
  },
  channels: {
    id: ids.channel,
    skill_id: ids.skill,
    capability_id: ids.capability,
    client_id: 'c',
    expiry_time: new Date(),
  },
  channel_contexts: { channel_id: ids.channel, key: 'k', value: 'v' },
  idempotency_keys: { actor: 'a', key: 'k', request_hash: '0'.repeat(64) },
  executions: {
    id: ids.execution,
    client_id: 'c',
    command_id: 'x',
    request_hash: '0'.repeat(64),
    mode: 'sync',
    status: 'running',
    skill_id: ids.skill,
    skill_name: 'n',
    skill_version: '1.0.0',
    capability_id: ids.capability,
    capability_name: 'n',
    timeout_ms: 1,
  },
  callbacks: { execution_id: ids.execution, url: 'http://a/' },
  revocations: { kind: 'token', subject: 's', expires_at: new Date() },
  audit_entries: { actor: 'a', action: 'skill.register', target: 't', result: 'success', trace_id: 't', address: 'a' },
  audit_blocks: { number: 1, entries: 1, previous_hash: '0'.repeat(64), hash: '1'.repeat(64) },
};
/** Tables whose rows are known by the row that they belong to. */
const WITHOUT_ID = new Set(['skill_search', 'endpoint_probes', 'callbacks']);
/** What a second row must say differently to live beside the good one. */
const OTHER: Record<string, Row> = {
  clients: { client_id: 'c2' },
  skills: { name: 'n2' },
  skill_endpoints: { url: 'http://b/' },
  endpoint_params: { key: 'k2' },
  endpoint_leases: { endpoint_id: ids.second },
  endpoint_probes: { endpoint_id: ids.second },
  capabilities: { name: 'n2' },
  capability_params: { name: 'n2' },
  skill_metadata: { key: 'k2' },
  channel_contexts: { key: 'k2' },
  idempotency_keys: { key: 'k2' },
  executions: { command_id: 'y' },
  callbacks: { execution_id: ids.secondExecution },
  audit_blocks: { number: 2 },
};

const NOT_NULL = '23502';
const FOREIGN_KEY = '23503';
const UNIQUE = '23505';
const CHECK = '23514';
const TOO_LONG = '22001';
/** The trigger sets version_key before the check. */
const NO_NUMBER = '22P02';

const REFUSED: [table: string, row: Row, state: string][] = [
  ['clients', { role: 'root' }, CHECK],
  ['clients', { client_id: 'c' }, UNIQUE],
  ['clients', { secret_hash: null }, NOT_NULL],
  ['clients', { token_version: 0 }, CHECK],
  ['revocations', { kind: 'mood' }, CHECK],
  ['audit_entries', { result: 'maybe' }, CHECK],
  ['audit_blocks', { entries: 0 }, CHECK],
  ['audit_blocks', { number: 1 }, UNIQUE],
  ['clients', { client_id: 'x'.repeat(65) }, TOO_LONG],
  ['skills', { name: 'n', version: '1.2.3' }, UNIQUE],
  ['skills', { name: '' }, CHECK],
  ['skills', { name: '  ' }, CHECK],
  ['skills', { name: 'x'.repeat(256) }, TOO_LONG],
  ['skills', { description: 'x'.repeat(1025) }, TOO_LONG],
  ['skills', { version: '1.0' }, CHECK],
  ['skills', { version: 'x' }, NO_NUMBER],
  ['skills', { version: '1.0.0-' }, CHECK],
  ['skills', { version: '1.0.0-01' }, CHECK],
  ['skills', { version: '1.0.0-a..b' }, CHECK],
  ['skills', { version: '1.0.0+' }, CHECK],
  ['skills', { version: '1.0.0+a+b' }, CHECK],
  ['skills', { version: '01.0.0' }, CHECK],
  ['skills', { version: '1.0.0\n' }, CHECK],
  ['skills', { status: 'deleted' }, CHECK],
  ['skills', { revision: 0 }, CHECK],
  ['skills', { owner: null }, NOT_NULL],
  ['skill_endpoints', { url: 'http://a/' }, UNIQUE],
  ['skill_endpoints', { protocol: 'ftp', url: 'ftp://b/' }, CHECK],
  ['skill_endpoints', { protocol: 'http', url: 'wss://b/' }, CHECK],
  ['skill_endpoints', { protocol: 'http', url: 'b' }, CHECK],
  ['skill_endpoints', { weight: 0 }, CHECK],
  ['skill_endpoints', { weight: -1 }, CHECK],
  ['skill_endpoints', { status: 'gone' }, CHECK],
  ['skill_endpoints', { url: `http://${'x'.repeat(512)}` }, TOO_LONG],
  ['skill_endpoints', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['skill_endpoints', { health: 'dead' }, CHECK],
  ['endpoint_params', { key: 'k' }, UNIQUE],
  ['endpoint_params', { endpoint_id: randomUUID() }, FOREIGN_KEY],
  ['endpoint_params', { value: 'x'.repeat(513) }, CHECK],
  ['endpoint_params', { value: 'x'.repeat(3073), secret: true }, CHECK],
  ['endpoint_params', { key: 'tls_ca', value: 'x'.repeat(90_001) }, CHECK],
  ['endpoint_params', { type: 'object' }, CHECK],
  ['endpoint_leases', { endpoint_id: ids.endpoint }, UNIQUE],
  ['endpoint_leases', { endpoint_id: randomUUID() }, FOREIGN_KEY],
  ['endpoint_leases', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['endpoint_leases', { generation: null }, NOT_NULL],
  ['endpoint_leases', { uptime: -1 }, CHECK],
  ['endpoint_leases', { request_count: -1 }, CHECK],
  ['endpoint_leases', { error_count: -1 }, CHECK],
  ['endpoint_leases', { cpu_usage: -0.5 }, CHECK],
  ['endpoint_leases', { memory_usage: 100.5 }, CHECK],
  ['endpoint_probes', { endpoint_id: ids.endpoint }, UNIQUE],
  ['endpoint_probes', { endpoint_id: randomUUID() }, FOREIGN_KEY],
  ['endpoint_probes', { failures: -1 }, CHECK],
  ['endpoint_probes', { successes: -1 }, CHECK],
  ['endpoint_probes', { last_result: 'dead' }, CHECK],
  ['endpoint_probes', { latency_ms: -1 }, CHECK],
  ['endpoint_probes', { reason: 'x'.repeat(256) }, TOO_LONG],
  ['capabilities', { name: 'n' }, UNIQUE],
  ['capabilities', { name: ' ' }, CHECK],
  ['capabilities', { status: 'on' }, CHECK],
  ['capabilities', { version: 'x' }, CHECK],
  ['capabilities', { category: 'x'.repeat(65) }, TOO_LONG],
  ['capabilities', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['capability_params', { name: 'n' }, UNIQUE],
  ['capability_params', { type: 'text' }, CHECK],
  ['capability_params', { description: 'x'.repeat(256) }, TOO_LONG],
  ['capability_params', { capability_id: randomUUID() }, FOREIGN_KEY],
  ['skill_metadata', { key: 'k' }, UNIQUE],
  ['skill_metadata', { value: 'x'.repeat(513) }, CHECK],
  ['skill_metadata', { key: 'x'.repeat(65) }, TOO_LONG],
  ['skill_metadata', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['skill_status', {}, UNIQUE],
  ['skill_status', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['skill_status', { health: 'fine' }, CHECK],
  ['skill_status', { uptime: -1 }, CHECK],
  ['skill_status', { request_count: -1 }, CHECK],
  ['skill_status', { error_count: -1 }, CHECK],
  ['skill_status', { cpu_usage: 100.5 }, CHECK],
  ['skill_status', { memory_usage: -0.5 }, CHECK],
  ['skill_search', {}, UNIQUE],
  ['skill_search', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['skill_events', { event: 'eaten' }, CHECK],
  ['skill_events', { endpoint_url: `http://${'x'.repeat(512)}` }, TOO_LONG],
  ['skill_events', { registered_at: null }, NOT_NULL],
  ['channels', { status: 'shut' }, CHECK],
  ['channels', { capability_id: randomUUID() }, FOREIGN_KEY],
  ['channels', { skill_id: randomUUID() }, FOREIGN_KEY],
  ['channels', { expiry_time: null }, NOT_NULL],
  ['channels', { client_id: null }, NOT_NULL],
  ['channels', { endpoint_id: randomUUID() }, FOREIGN_KEY],
  ['channels', { metadata: '[]' }, CHECK],
  ['channels', { context_keys: 101 }, CHECK],
  ['channels', { context_keys: -1 }, CHECK],
  ['channels', { status: 'closed' }, CHECK],
  ['channels', { closed_at: new Date() }, CHECK],
  ['channel_contexts', { key: 'k' }, UNIQUE],
  ['channel_contexts', { value: 'x'.repeat(1025) }, TOO_LONG],
  ['channel_contexts', { channel_id: randomUUID() }, FOREIGN_KEY],
  ['idempotency_keys', { key: 'k' }, UNIQUE],
  ['idempotency_keys', { request_hash: null }, NOT_NULL],
  ['executions', { command_id: 'x' }, UNIQUE],
  ['executions', { mode: 'later' }, CHECK],
  ['executions', { status: 'done' }, CHECK],
  ['executions', { command_id: 'x'.repeat(129) }, TOO_LONG],
  ['executions', { client_id: null }, NOT_NULL],
  ['callbacks', { execution_id: ids.execution }, UNIQUE],
  ['callbacks', { execution_id: randomUUID() }, FOREIGN_KEY],
  ['callbacks', { status: 'lost' }, CHECK],
  ['callbacks', { url: `http://${'x'.repeat(2048)}` }, TOO_LONG],
];

describe('what the database itself refuses', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    for (const [table, row] of Object.entries(GOOD)) await insert(table, row);
    await insert('skill_endpoints', { ...GOOD.skill_endpoints, id: ids.second, url: 'http://second/' });
    await insert('executions', { ...GOOD.executions, id: ids.secondExecution, command_id: 'z' });
  });
  afterAll(() => database.drop());

  async function insert(table: string, row: Row): Promise<void> {
    const full = WITHOUT_ID.has(table) ? row : { id: randomUUID(), ...row };
    const columns = Object.keys(full);
    await database.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(full),
    );
  }

  it.each(REFUSED)('%s %j with %s', async (table, row, state) => {
    const { id: _, ...good } = GOOD[table] ?? {};
    await expect(insert(table, { ...good, ...OTHER[table], ...row })).rejects.toMatchObject({ code: state });
  });

  it('names every constraint after its table, and tests each check at least once', async () => {
    const checks = await database.query<{ name: string; table: string }>(`
      SELECT o.conname AS name, c.relname AS table FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
      WHERE o.contype = 'c' AND o.connamespace = 'public'::regnamespace`);
    for (const { name, table } of checks) {
      const column = name
        .replace(`ck_${table}_`, '')
        .replace('scheme', 'url')
        .replace(/^(role|event|type)$/, '$1');
      expect(REFUSED.some(([of, row, state]) => of === table && state === CHECK && column in row) || name).toBe(true);
    }
  });

  it('sorts versions by number: 1.10.0 after 1.9.0, and prereleases before their release', async () => {
    for (const version of ['1.10.0', '1.10.0-rc.1', '1.9.0', '0.0.999999999'])
      await insert('skills', { name: 'sorted', version, owner: 'o' });
    const rows = await database.query<{ version: string }>(
      `SELECT version FROM skills WHERE name = 'sorted' ORDER BY version_key`,
    );
    expect(rows.map(({ version }) => version)).toEqual(['0.0.999999999', '1.9.0', '1.10.0-rc.1', '1.10.0']);
  });

  it('takes all that belongs to a Skill with it, and leaves its history and everybody else', async () => {
    await database.query('DELETE FROM skills WHERE id = $1', [ids.skill]);
    const left: string[] = [];
    for (const table of Object.keys(GOOD)) {
      if ((await database.query(`SELECT FROM ${table} LIMIT 1`)).length > 0) left.push(table);
    }
    expect(left).toEqual([
      'clients',
      'skills',
      'skill_events',
      'idempotency_keys',
      'executions',
      'callbacks',
      'revocations',
      'audit_entries',
      'audit_blocks',
    ]);
  });
});
