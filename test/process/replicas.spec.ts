import { endServices, newFolder, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, call, createSkill } from '../support/service-api.js';

describe('three services that start at once on an empty database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  it('agree on one schema, one admin and one signing secret', async () => {
    const options = { cwd: newFolder(), env: { DATABASE_URL: database.url } };
    const services = await Promise.all([1, 2, 3].map(() => startService(options)));
    const [counts] = await database.query(
      'SELECT (SELECT count(*) = count(DISTINCT name) AND count(*) > 0 FROM migrations) AS migrated_once, ' +
        '(SELECT count(*)::int FROM clients) AS clients',
    );
    expect(counts).toEqual({ migrated_once: true, clients: 1 });
    const created = services.flatMap(({ messages }) => messages.filter((text) => text.includes('created the admin')));
    expect(created).toHaveLength(1);
    const tokens = await Promise.all(services.map(({ url, adminSecret }) => adminToken(url, adminSecret)));
    const ids = await Promise.all(services.map(({ url }, at) => createSkill(url, tokens[at] ?? '', skillBody())));
    for (const { url } of services) {
      for (const token of tokens) {
        for (const id of ids)
          expect(await call(`${url}/api/v1/skills/${id}`, { token })).toMatchObject({ status: 200 });
      }
    }
    const exits = await Promise.all(services.map((service) => service.stop()));
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});
