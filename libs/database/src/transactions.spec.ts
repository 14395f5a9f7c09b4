import { DatabaseSettings } from '#config';
import { UnavailableError } from '#common';
import { DataSource } from 'typeorm';
import { createTestDatabase, terminateSessions, type TestDatabase } from '../../../test/support/test-database.js';
import { dataSourceOptions } from './data-source-options.js';
import { Transactions } from './transactions.js';

describe('Transactions', () => {
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

  it('says that the database is away when the connection breaks between two statements, and does nothing', async () => {
    const work = new Transactions(dataSource).run(async (tx) => {
      await tx.query(`INSERT INTO skills (id, name, version, owner) VALUES (gen_random_uuid(), 'half', '1.0.0', 'me')`);
      expect(await terminateSessions(database)).toBeGreaterThan(0);
      // Until the driver has heard of it.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await tx.query('SELECT 1');
    });
    await expect(work).rejects.toThrow(UnavailableError);
    expect(await database.query(`SELECT FROM skills WHERE name = 'half'`)).toEqual([]);
  });
});
