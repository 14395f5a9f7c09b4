import { DatabaseSettings } from '#config';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CallbacksRepository, type DueCallback } from './callbacks.repository.js';

describe('CallbacksRepository', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, new DatabaseSettings(), [])).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** So many callbacks of a client that are due at a receiver; the url of each is another. */
  async function queue(client: string, count: number, receiver: string): Promise<void> {
    await database.query(
      `WITH e AS (INSERT INTO executions (id, client_id, command_id, request_hash, mode, status, skill_id, skill_name,
           skill_version, capability_id, capability_name, timeout_ms)
         SELECT gen_random_uuid(), $1::text, $1::text || $3::text || n, '', 'async', 'success', gen_random_uuid(), 's', '1.0.0',
           gen_random_uuid(), 'c', 1000 FROM generate_series(1, $2::int) AS n RETURNING id)
       INSERT INTO callbacks (execution_id, url, next_attempt_at)
       SELECT id, 'http://' || $3::text || '/' || id, now() - interval '1 minute' FROM e`,
      [client, count, receiver],
    );
  }

  it('leaves places to others, however many wait for a receiver that hangs', async () => {
    await queue('hog', 2_000, 'Hanging.example:8080');
    await queue('other', 3, 'sound.example');
    await queue('hog', 2, 'sound.example');
    const repository = new CallbacksRepository(dataSource);
    const working: DueCallback[] = [];
    for (;;) {
      const { items } = await repository.claim(64 - working.length, 60_000, working);
      if (items.length === 0) break;
      working.push(...items);
    }
    const held = (client: string, receiver: string): number =>
      working.filter((one) => one.client_id === client && one.receiver === receiver).length;
    expect([held('other', 'sound.example'), held('hog', 'sound.example')]).toEqual([3, 2]);
    expect(held('hog', 'hanging.example:8080')).toBeGreaterThanOrEqual(28);
    expect(held('hog', 'hanging.example:8080')).toBeLessThanOrEqual(32);
    // The rows have the word of earlier releases.
    expect(new Set(working.map(({ status }) => status))).toEqual(new Set(['completed']));
  });
});
