import { DatabaseSettings } from '#config';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CallQueueRepository } from './call-queue.repository.js';
import type { QueuedCall } from './queued-call.js';

const LEASE_MS = 60_000;

describe('CallQueueRepository', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let repository: CallQueueRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, new DatabaseSettings(), [])).initialize();
    repository = new CallQueueRepository(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(() => database.query('DELETE FROM executions'));

  /** So many calls that have been due, or whose claim has lapsed, since `seconds` ago, a second apart. */
  async function insert(kind: 'due' | 'lapsed', count: number, seconds: number): Promise<void> {
    const [status, column] = kind === 'due' ? ['pending', 'next_attempt_at'] : ['running', 'running_until'];
    await database.query(
      `INSERT INTO executions (id, client_id, command_id, request_hash, mode, status, skill_id, skill_name, skill_version,
         capability_id, capability_name, timeout_ms, request, ${column})
       SELECT gen_random_uuid(), 'agent-' || $1::text || n, $1::text || n, '', 'async', $2, gen_random_uuid(), 's', '1.0.0',
         gen_random_uuid(), 'c', 1000, '{"body":{}}', now() - ($3::float8 - n) * interval '1 second' FROM generate_series(0, $4 - 1) AS n`,
      [`${kind}-`, status, seconds, count],
    );
  }

  /** So many calls of a client that are due, of so many Skills in turn; the Skills' ids are numbers. */
  async function queue(client: string, count: number, skills: number, first = 0): Promise<void> {
    await database.query(
      `INSERT INTO executions (id, client_id, command_id, request_hash, mode, status, skill_id, skill_name, skill_version,
         capability_id, capability_name, timeout_ms, request, next_attempt_at)
       SELECT gen_random_uuid(), $1::text, $1::text || '-' || n, '', 'async', 'pending', lpad(($4::int + n % $3)::text, 32, '0')::uuid,
         's', '1.0.0', gen_random_uuid(), 'c', 1000, '{"body":{}}', now() - interval '1 hour' + n * interval '1 millisecond'
       FROM generate_series(0, $2::int - 1) AS n`,
      [client, count, skills, first],
    );
  }

  const claimed = async (limit: number): Promise<string[]> =>
    (await repository.claim(limit, LEASE_MS, [])).items.map(({ command_id }) => command_id).toSorted();

  /** How many places of `all` each client holds after claims until nothing more is given. */
  async function fill(all: number, working: QueuedCall[] = []): Promise<Map<string, number>> {
    for (;;) {
      const { items } = await repository.claim(all - working.length, LEASE_MS, working);
      if (items.length === 0) break;
      working.push(...items);
      if (working.length === all) break;
    }
    const held = new Map<string, number>();
    for (const { client_id } of working) held.set(client_id, (held.get(client_id) ?? 0) + 1);
    return held;
  }

  it.each([
    ['lapsed', 'due'],
    ['due', 'lapsed'],
  ] as const)('gives calls that are %s no more than half of the places while others wait', async (many, few) => {
    await insert(many, 100, 3_600);
    await insert(few, 6, 10);
    const first = await claimed(10);
    expect(first.filter((name) => name.startsWith(many))).toEqual([0, 1, 2, 3, 4].map((n) => `${many}-${n}`));
    expect(first.filter((name) => name.startsWith(few))).toEqual([0, 1, 2, 3, 4].map((n) => `${few}-${n}`));
    // What one kind does not need is for the other.
    const second = await claimed(10);
    expect(second.filter((name) => name.startsWith(few))).toEqual([`${few}-5`]);
    expect(second).toHaveLength(10);
    expect(await claimed(100)).toHaveLength(86);
    expect(await claimed(100)).toEqual([]);
  });

  it.each([
    [64, 1, 32],
    [64, 50, 43],
    [8, 1, 4],
    [2, 1, 1],
    [1, 1, 1],
  ])(
    'gives of %i places to one client with calls of %i Skills %i, and keeps the rest for others',
    async (all, skills, most) => {
      const working: QueuedCall[] = [];
      await queue('hog', 500, skills);
      expect((await fill(all, working)).get('hog')).toBe(most);
      await queue('modest', 3, 1, 1_000);
      const after = await fill(all, working);
      expect([after.get('hog'), after.get('modest') ?? 0]).toEqual([most, Math.min(3, Math.ceil((all - most) / 2))]);
    },
  );

  it('finds the calls of others, and of other Skills, behind however many of one client', async () => {
    await queue('hog', 3_000, 1);
    await queue('another', 2, 1);
    await queue('hog-2', 1, 1, 7);
    const working: QueuedCall[] = [];
    expect(await fill(16, working)).toEqual(
      new Map([
        ['hog', 7],
        ['another', 2],
        ['hog-2', 1],
      ]),
    );
    // The same client's calls of a Skill that nobody calls.
    await database.query(`UPDATE executions SET skill_id = gen_random_uuid() WHERE command_id = 'hog-2999'`);
    expect((await fill(16, working)).get('hog')).toBe(8);
  });

  it('goes on where the last claim ended, when there are more clients than one claim looks at', async () => {
    await queue('early', 300, 300);
    for (let n = 0; n < 40; n += 1) await queue(`client-${n}`, 10, 10, n * 10);
    // However long that took, they wait equally long.
    await database.query(
      `UPDATE executions SET next_attempt_at = now() - interval '1 hour' +
         split_part(command_id, '-', -1)::int * interval '1 millisecond'`,
    );
    const seen = new Set<string>();
    for (let claim = 0; claim < 60; claim += 1)
      for (const name of await claimed(8)) seen.add(name.split('-').slice(0, -1).join('-'));
    expect(seen.size).toBe(41);
  });

  it('counts no attempt that was given back, and takes nothing more from the worker that gave it back', async () => {
    await queue('client', 1, 1);
    const claim = async (): Promise<QueuedCall | undefined> => (await repository.claim(1, LEASE_MS, [])).items[0];
    const first = await claim();
    expect(first).toMatchObject({ attempts: 1, counted_attempts: 1 });
    if (!first) return;
    await repository.release([first]);
    await repository.release([first]);
    expect(await claim()).toMatchObject({ attempts: 2, counted_attempts: 1 });
    const row = () => database.query('SELECT status, attempts, releases, running_until FROM executions');
    const held = await row();
    await repository.release([first]);
    await repository.renew([first], 10 * LEASE_MS);
    const nothing = {
      delay: 0,
      endpoint_id: null,
      endpoint_url: null,
      tries: 1,
      try_list: null,
      sent: true,
      error: null,
    };
    await repository.postpone([{ ...first, ...nothing }]);
    expect(await row()).toEqual(held);
    // A replica that dies gives nothing back.
    await database.query(`UPDATE executions SET running_until = now() - interval '1 second'`);
    expect(await claim()).toMatchObject({ attempts: 3, counted_attempts: 2 });
  });

  it('gives each call to one of several workers that claim at the same time', async () => {
    await queue('client', 20, 1);
    const ids: string[] = [];
    for (let round = 0; round < 20 && ids.length < 20; round += 1) {
      const claims = await Promise.all([1, 2, 3].map(() => repository.claim(16, LEASE_MS, [])));
      ids.push(...claims.flatMap(({ items }) => items.map(({ id }) => id)));
    }
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
  });

  it('takes a single call by how long it has waited, whatever it is', async () => {
    await insert('due', 2, 20);
    await insert('lapsed', 2, 19.5);
    const order = [];
    for (let n = 0; n < 4; n += 1) order.push(...(await claimed(1)));
    expect(order).toEqual(['due-0', 'lapsed-0', 'due-1', 'lapsed-1']);
  });
});
