import { DatabaseSettings } from '#config';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { dataSourceOptions } from './data-source-options.js';
import { prepared } from './prepared.js';
import { Transactions } from './transactions.js';

const SELECT = prepared('test.select', 'SELECT v FROM values_of_test WHERE id = $1');
const BY_ID = prepared('test.by-id', 'SELECT * FROM values_of_test WHERE id = $1');

describe('prepared', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
    await database.query('CREATE TABLE values_of_test AS SELECT 1 AS id, 2 AS v');
    const settings = Object.assign(new DatabaseSettings(), { poolSize: 1, maxOverflow: 0 });
    dataSource = await new DataSource(dataSourceOptions(database.url, settings, [])).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const preparedNow = async (): Promise<string[]> => {
    const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM pg_prepared_statements ORDER BY name');
    return rows.map(({ name }) => name);
  };

  it('prepares what is declared, once for a connection, and nothing else', async () => {
    expect(await dataSource.query(SELECT, [1])).toEqual([{ v: 2 }]);
    expect(await dataSource.query(SELECT, [7])).toEqual([]);
    await dataSource.query('SELECT v FROM values_of_test WHERE v = $1', [2]);
    expect(await preparedNow()).toEqual(['test.select']);
  });

  it('takes neither a name nor a text twice', () => {
    expect(() => prepared('test.select', 'SELECT 1')).toThrow('declared twice');
    expect(() => prepared('test.other', SELECT)).toThrow('declared twice');
  });

  it('prepares anew when the columns have other types', async () => {
    expect(await dataSource.query(BY_ID, [1])).toEqual([{ id: 1, v: 2 }]);
    await database.query('ALTER TABLE values_of_test ALTER v TYPE text');
    expect(await dataSource.query(BY_ID, [1])).toEqual([{ id: 1, v: '2' }]);
    expect(await preparedNow()).toContain('test.by-id#1');
  });

  it('prepares anew when the session was reset', async () => {
    await dataSource.query(SELECT, [1]);
    await dataSource.query('DISCARD ALL');
    expect(await dataSource.query(SELECT, [1])).toEqual([{ v: 2 }]);
  });

  it('begins a transaction again in which it no longer held', async () => {
    const read = (): Promise<unknown> => new Transactions(dataSource).run((tx) => tx.query(BY_ID, [1]));
    await read();
    await database.query('ALTER TABLE values_of_test ADD w integer');
    expect(await read()).toEqual([{ id: 1, v: 2, w: null }]);
  });

  it('passes other errors on to the caller', async () => {
    await expect(dataSource.query(SELECT, ['no number'])).rejects.toThrow('invalid input syntax');
    expect(await dataSource.query(SELECT, [1])).toEqual([{ v: 2 }]);
  });
});
