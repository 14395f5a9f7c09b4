import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';

describe('capabilities', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const create = async (overrides = {}) => {
    const { body } = await api.post('/skills', skillBody(overrides)).expect(201);
    return { skillId: body.skill_id as string, capabilityId: body.capabilities[0].capability_id as string };
  };
  const list = async (query: string) =>
    (await api.get(`/capabilities?${query}`).expect(200)).body.data as { total: number; capabilities: object[] };

  it('lists by name, category, Skill and status', async () => {
    const capabilities = [
      { name: '翻译', category: 'text', description: 'Translates' },
      { name: 'speak', category: 'voice', status: 'disabled' as const, version: '2.1.0' },
    ];
    const { skillId } = await create({ capabilities });
    const all = await list(`skill_id=${skillId}`);
    expect(all).toEqual({
      total: 2,
      page: 1,
      page_size: 10,
      capabilities: [
        {
          capability_id: expect.stringMatching(UUID),
          id: expect.stringMatching(UUID),
          skill_id: skillId,
          name: '翻译',
          description: 'Translates',
          category: 'text',
          version: '1.0.0',
          status: 'enabled',
          parameters: {},
          deprecated: false,
        },
        expect.objectContaining({ name: 'speak', version: '2.1.0', status: 'disabled' }),
      ],
    });
    expect(await list(`name=${encodeURIComponent('翻译')}`)).toMatchObject({
      total: 1,
      capabilities: [{ name: '翻译' }],
    });
    expect(await list('category=voice')).toMatchObject({ total: 1, capabilities: [{ name: 'speak' }] });
    expect(await list(`skill_id=${skillId.toUpperCase()}&status=disabled`)).toMatchObject({ total: 1 });
    expect(await list(`skill_id=${NOBODY}`)).toMatchObject({ total: 0, capabilities: [] });
    expect(await list('name=speak&category=text')).toMatchObject({ total: 0 });
  });

  it('switches off and on; what is off is not discovered by it, the Skill is another than before', async () => {
    const name = 'switchable';
    const { skillId, capabilityId } = await create({ capabilities: [{ name }, { name: 'other' }] });
    const discovered = async () => (await api.get(`/skills/discover?capability=${name}`)).body.data.total as number;
    const before = await api.get(`/skills/${skillId}`);
    expect(await discovered()).toBe(1);
    const off = await api.put(`/capabilities/${capabilityId}/status/`, { status: 'disabled' }).expect(200);
    expect(off.body).toEqual({
      code: 0,
      message: 'success',
      data: {
        capability_id: capabilityId,
        id: capabilityId,
        status: 'disabled',
        updated_at: expect.stringMatching(TIME),
      },
    });
    expect(await discovered()).toBe(0);
    const after = await api.get(`/skills/${skillId}`);
    expect(after.body.capabilities[0]).toMatchObject({ name, status: 'disabled' });
    expect(after.headers.etag).not.toBe(before.headers.etag);
    await api.put(`/capabilities/${capabilityId}/status`, { status: 'enabled' }).expect(200);
    expect(await discovered()).toBe(1);
  });

  it('stays off when its Skill registers again without saying so', async () => {
    const sent = skillBody({ capabilities: [{ name: 'stays' }] });
    await api.post('/skills/register', sent).expect(200);
    const [{ capability_id }] = (await list('name=stays')).capabilities as [{ capability_id: string }];
    await api.put(`/capabilities/${capability_id}/status`, { status: 'disabled' }).expect(200);
    await api.post('/skills/register', sent).expect(200);
    expect((await list('name=stays')).capabilities).toMatchObject([{ capability_id, status: 'disabled' }]);
    await api.post('/skills/register', { ...sent, capabilities: [{ name: 'stays', status: 'enabled' }] }).expect(200);
    expect((await list('name=stays')).capabilities).toMatchObject([{ capability_id, status: 'enabled' }]);
  });

  it('refuses other words for on and off, and ids that are none', async () => {
    const { capabilityId } = await create();
    for (const body of [{}, { status: 'on' }, { status: null }, { status: ['enabled'] }, { status: 'enabled', x: 1 }]) {
      expectError(await api.put(`/capabilities/${capabilityId}/status`, body), 400, 1001);
    }
    expectError(await api.put(`/capabilities/${NOBODY}/status`, { status: 'enabled' }), 404, 1005);
    expectError(await api.put('/capabilities/7/status', { status: 'enabled' }), 404, 1005);
    expectError(await api.put(`/capabilities/${'7'.repeat(65)}/status`, { status: 'enabled' }), 400, 1001);
  });

  it('goes with its Skill', async () => {
    const { skillId, capabilityId } = await create();
    await api.delete(`/skills/${skillId}`).expect(204);
    expect(await list(`skill_id=${skillId}`)).toMatchObject({ total: 0 });
    expectError(await api.put(`/capabilities/${capabilityId}/status`, { status: 'enabled' }), 404, 1005);
  });

  it('lets opposite switches at once end in one of both, without a deadlock', async () => {
    const { skillId, capabilityId } = await create();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? api.put(`/capabilities/${capabilityId}/status`, { status: n % 4 === 0 ? 'enabled' : 'disabled' })
          : api.patch(`/skills/${skillId}`, { description: `${n}` }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });
});
