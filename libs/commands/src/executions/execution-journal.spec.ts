import { CommandsSettings, DatabaseSettings } from '#config';
import { JsonText, newId } from '#common';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { type CallOutcome, NOT_TRIED } from '../calls/skill-caller.js';
import { ExecutionJournal } from './execution-journal.js';
import { ExecutionsRepository } from './executions.repository.js';

const GOOD: CallOutcome = { status: 'completed', result: new JsonText('{"a":1}'), ...NOT_TRIED, answered: true };
/** PostgreSQL refuses such a number. */
const REFUSED: CallOutcome = { ...GOOD, responseBytes: 3_000_000_000 };

describe('ExecutionJournal', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let journal: ExecutionJournal;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, new DatabaseSettings(), [])).initialize();
    journal = new ExecutionJournal(new ExecutionsRepository(dataSource), new CommandsSettings());
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  async function claimed(): Promise<string> {
    const id = newId();
    const ids = { id, command_id: id, skill_id: id, capability_id: id };
    const externalIds = { skill_external_id: null, capability_external_id: null };
    await journal.claim({
      ...ids,
      ...externalIds,
      client_id: 'agent',
      request_hash: '',
      skill_name: 's',
      skill_version: '1.0.0',
      capability_name: 'c',
      space_id: null,
      channel_id: null,
      timeout_ms: 1_000,
      trace_id: '0'.repeat(32),
    });
    return id;
  }

  const read = async (id: string) => (await database.query('SELECT * FROM executions WHERE id = $1', [id]))[0];

  it('keeps what can be kept when PostgreSQL refuses another of the same batch', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, claimed));
    const ends = await Promise.allSettled(ids.map((id, index) => journal.finish(id, index === 7 ? REFUSED : GOOD)));
    expect(ends.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1);
    for (const [index, id] of ids.entries()) {
      expect(await read(id)).toMatchObject({ status: index === 7 ? 'running' : 'completed' });
    }
  });

  it('ends an execution in which anything goes wrong as failed, once', async () => {
    const id = await claimed();
    await expect(journal.guard(id, () => journal.finish(id, REFUSED))).rejects.toThrow('out of range');
    expect(await read(id)).toMatchObject({ status: 'failed', sent: true, error: { code: 1007 } });
    const ended = await claimed();
    await journal.finish(ended, GOOD);
    await expect(journal.guard(ended, () => Promise.reject(new TypeError('afterwards')))).rejects.toThrow('afterwards');
    expect(await read(ended)).toMatchObject({ status: 'completed', result: { a: 1 }, error: null });
  });

  it('leaves it to its lease when the database is away', async () => {
    const id = await claimed();
    const away = Object.assign(new Error('the database system is shutting down'), { code: '57P01' });
    await expect(journal.guard(id, () => Promise.reject(away))).rejects.toBe(away);
    expect(await read(id)).toMatchObject({ status: 'running' });
  });
});
