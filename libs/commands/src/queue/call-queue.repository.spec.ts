import { DatabaseSettings } from '#config';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CallQueueRepository } from './call-queue.repository.js';

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
         capability_id, capability_name, timeout_ms, ${column})
       SELECT gen_random_uuid(), 'agent', $1 || n, '', 'async', $2, gen_random_uuid(), 's', '1.0.0',
         gen_random_uuid(), 'c', 1000, now() - ($3::float8 - n) * interval '1 second' FROM generate_series(0, $4 - 1) AS n`,
      [`${kind}-`, status, seconds, count],
    );
  }

  const claimed = async (limit: number): Promise<string[]> =>
    (await repository.claim(limit, LEASE_MS)).map(({ command_id }) => command_id).toSorted();

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

  it('takes a single call by how long it has waited, whatever it is', async () => {
    await insert('due', 2, 20);
    await insert('lapsed', 2, 19.5);
    const order = [];
    for (let n = 0; n < 4; n += 1) order.push(...(await claimed(1)));
    expect(order).toEqual(['due-0', 'lapsed-0', 'due-1', 'lapsed-1']);
  });
});
