import { AiBridgeSettings, DatabaseSettings } from '#config';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { LocalSkillsRepository } from './local-skills.repository.js';

const NONE = '00000000-0000-0000-0000-000000000000';
const idOf = (number: number): string => `01990000-0000-7000-8000-${String(number).padStart(12, '0')}`;

describe('LocalSkillsRepository', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let repository: LocalSkillsRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, new DatabaseSettings(), [])).initialize();
    repository = new LocalSkillsRepository(dataSource, { mirrorSpaces: ['named', 'also'] });
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  afterEach(() => database.query('DELETE FROM skills'));

  async function insert(
    number: number,
    {
      status = 'active',
      endpoints = ['active'],
      metadata = {},
      space = null,
    }: { status?: string; endpoints?: string[]; metadata?: object; space?: string | null } = {},
  ): Promise<void> {
    const id = idOf(number);
    await database.query(
      `INSERT INTO skills (id, name, version, description, owner, status, space_id)
       VALUES ($1, $2, '1.0.0', 'A Skill', 'me', $3, $4)`,
      [id, `skill-${number}`, status, space],
    );
    for (const [index, state] of endpoints.entries()) {
      await database.query(
        `INSERT INTO skill_endpoints (id, skill_id, url, protocol, weight, status, health)
         VALUES (gen_random_uuid(), $1, $2, 'http', $3, $4, 'warning')`,
        [id, `http://host/${number}/${index}`, index + 1, state],
      );
    }
    for (const [key, value] of Object.entries(metadata)) {
      await database.query(
        'INSERT INTO skill_metadata (id, skill_id, key, value) VALUES (gen_random_uuid(), $1, $2, $3)',
        [id, key, value],
      );
    }
  }

  it('reads pages in the order of the ids', async () => {
    for (const number of [3, 1, 2, 5, 4]) await insert(number);
    const first = await repository.page(NONE, 2);
    expect(first.map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    expect((await repository.page(idOf(2), 10)).map(({ id }) => id)).toEqual([idOf(3), idOf(4), idOf(5)]);
    expect(await repository.page(idOf(5), 10)).toEqual([]);
    expect(first[0]?.endpoints).toEqual([{ url: 'http://host/1/0', health: 'warning' }]);
  });

  it('leaves out what is not in service, what cannot be called, and what came from another registry', async () => {
    await insert(1, { status: 'inactive' });
    await insert(2, { status: 'maintenance' });
    await insert(3, { endpoints: ['inactive'] });
    await insert(4, { metadata: { 'ooder.registry': 'http://other' } });
    await insert(5, { endpoints: ['inactive', 'active'], metadata: { registry: 'ooder.registry' } });
    const [only, ...others] = await repository.page(NONE, 10);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ id: idOf(5), endpoints: [{ url: 'http://host/5/1', health: 'warning' }] });
    expect(await repository.find([1, 2, 3, 4, 6].map(idOf))).toEqual([]);
  });

  it('leaves out what lives in a Space that the settings do not name', async () => {
    await insert(1);
    await insert(2, { space: 'named' });
    await insert(3, { space: 'other' });
    await insert(4, { space: 'also' });
    await insert(5, { space: 'Named' });
    const ids = [1, 2, 3, 4, 5].map(idOf);
    for (const found of [await repository.page(NONE, 10), await repository.find(ids)]) {
      expect(found.map(({ id }) => id)).toEqual([1, 2, 4].map(idOf));
    }
    const none = new LocalSkillsRepository(dataSource, new AiBridgeSettings());
    for (const found of [await none.page(NONE, 10), await none.find(ids)]) {
      expect(found.map(({ id }) => id)).toEqual([idOf(1)]);
    }
  });

  it('leaves out secrets with their keys, and every authorization', async () => {
    await insert(1, { metadata: { open: 'yes' } });
    await database.query(
      `INSERT INTO endpoint_params (id, endpoint_id, key, value, secret)
       SELECT gen_random_uuid(), e.id, x.key, x.value, x.secret FROM skill_endpoints e, (VALUES
         ('invoke_path', '/call', false), ('token', 'hidden-1', true), ('authorization', 'hidden-2', false),
         ('Authorization', 'hidden-3', false)) AS x(key, value, secret)`,
    );
    await database.query(
      `INSERT INTO skill_metadata (id, skill_id, key, value, secret) VALUES (gen_random_uuid(), $1, 'pin', 'hidden-4', true)`,
      [idOf(1)],
    );
    const [skill] = await repository.find([idOf(1)]);
    expect(skill?.endpoints[0]?.parameters).toEqual({ invoke_path: '/call' });
    expect(skill?.metadata).toEqual({ open: 'yes' });
    expect(JSON.stringify(skill)).not.toMatch(/hidden|token|pin/);
  });

  it('reads all the parts of a Skill', async () => {
    await insert(1, { endpoints: ['active', 'active'], metadata: { b: '2', a: '1' } });
    await database.query(
      `INSERT INTO endpoint_params (id, endpoint_id, key, value)
       SELECT gen_random_uuid(), id, 'invoke_path', '/call' FROM skill_endpoints WHERE url = 'http://host/1/0'`,
    );
    await database.query(
      `INSERT INTO capabilities (id, skill_id, name, description, category, version, status) VALUES
         ('01990000-0000-7000-8000-00000000000a', $1, 'z-plain', '', NULL, '1.0.0', 'disabled'),
         ('01990000-0000-7000-8000-00000000000b', $1, 'forecast', 'F', 'weather', '1.2.0', 'enabled')`,
      [idOf(1)],
    );
    await database.query(
      `INSERT INTO capability_params (id, capability_id, name, type, required, default_value, description) VALUES
         ('01990000-0000-7000-8000-000000000001', '01990000-0000-7000-8000-00000000000b', 'city', 'string', true, NULL, 'C'),
         ('01990000-0000-7000-8000-000000000002', '01990000-0000-7000-8000-00000000000b', 'days', 'number', false, '3', '')`,
    );
    const [summary] = await repository.page(NONE, 1);
    expect(await repository.find([idOf(1)])).toEqual([
      {
        id: idOf(1),
        name: 'skill-1',
        version: '1.0.0',
        description: 'A Skill',
        stamp: summary?.stamp,
        endpoints: [
          { url: 'http://host/1/0', weight: 1, health: 'warning', parameters: { invoke_path: '/call' } },
          { url: 'http://host/1/1', weight: 2, health: 'warning', parameters: {} },
        ],
        capabilities: [
          {
            name: 'forecast',
            description: 'F',
            category: 'weather',
            version: '1.2.0',
            status: 'enabled',
            parameters: {
              city: { type: 'string', required: true, description: 'C' },
              days: { type: 'number', required: false, description: '', default: 3 },
            },
            text: expect.any(String),
          },
          {
            ...{
              name: 'z-plain',
              description: '',
              category: null,
              version: '1.0.0',
              status: 'disabled',
              parameters: {},
            },
            text: expect.any(String),
          },
        ],
        metadata: { a: '1', b: '2' },
        tags: [],
        deprecation: null,
      },
    ]);
  });

  it('stamps every state of a Skill differently', async () => {
    await insert(1);
    const stamps = new Set<string | undefined>();
    const note = async (): Promise<void> => void stamps.add((await repository.page(NONE, 1))[0]?.stamp);
    await note();
    await database.query('UPDATE skills SET revision = revision + 1');
    await note();
    await database.query(`UPDATE skills SET generation = nextval('skill_generation')`);
    await note();
    expect(stamps.size).toBe(3);
  });

  it('recognizes a registration that has come back to this registry', async () => {
    await insert(1, { metadata: { 'ooder.registry': 'http://me' } });
    expect(await repository.holdsRegistration(idOf(1), 'http://me')).toBe(true);
    expect(await repository.holdsRegistration(idOf(1).toUpperCase(), 'http://me')).toBe(true);
    expect(await repository.holdsRegistration(idOf(1), 'http://other')).toBe(false);
    expect(await repository.holdsRegistration(idOf(2), 'http://me')).toBe(false);
    expect(await repository.holdsRegistration('not-a-uuid', 'http://me')).toBe(false);
  });
});
