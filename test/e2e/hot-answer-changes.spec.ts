import { HotAnswers } from '#skills';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError } from './api.js';

describe('answers from memory', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    await api.post('/skills/', skillBody({ name: 'a' })).expect(201);
  });
  afterAll(() => app.close());

  const hits = () => app.app.get(HotAnswers).counts.hits;
  const idOf = async (name: string): Promise<string> =>
    (await api.get(`/skills/?name=${name}`).expect(200)).body[0].skill_id as string;

  describe('show every change at once:', () => {
    const reads = (id: string) => [
      `/skills/${id}`,
      '/skills/?limit=1000',
      '/skills/discover?page_size=100&include=unhealthy',
      `/capabilities?skill_id=${id}`,
      '/skills/discover?page_size=100',
    ];
    const answers = async (id: string) => {
      const texts = [];
      for (const path of reads(id)) texts.push((await api.get(path)).text);
      return texts;
    };
    const changesAnswers = async (id: string, write: () => Promise<unknown>): Promise<boolean[]> => {
      await answers(id);
      const before = hits();
      const old = await answers(id);
      expect(hits()).toBe(before + old.length);
      await write();
      const now = await answers(id);
      return now.map((text, index) => text !== old[index]);
    };
    const register = async (overrides = {}) => {
      const body = skillBody(overrides);
      const { body: answer } = await api.post('/skills/register', body).expect(200);
      return { body, id: answer.data.skill_id as string };
    };

    it('registered anew, and registered again', async () => {
      const id = await idOf('a');
      const { body } = skillAs();
      expect((await changesAnswers(id, () => api.post('/skills/register', body).expect(200))).slice(1)).toEqual([
        true,
        true,
        false,
        true,
      ]);
      const known = await register();
      const more = { ...known.body, endpoints: [{ url: 'http://localhost:9/more' }] };
      const changed = await changesAnswers(known.id, () => api.post('/skills/register', more).expect(200));
      expect(changed).toEqual([true, true, true, false, true]);
    });
    const skillAs = (overrides = {}) => ({ body: skillBody(overrides) });

    it('created and registered in a batch', async () => {
      const id = await idOf('a');
      for (const write of [
        () => api.post('/skills/', skillBody()).expect(201),
        () => api.post('/skills/batch', { skills: [skillBody(), skillBody()] }).expect(200),
      ]) {
        expect(await changesAnswers(id, write)).toEqual([false, true, true, false, true]);
      }
    });

    it('replaced, patched, moved to a Space', async () => {
      const { id, body } = await register();
      const { capabilities = [], ...rest } = body;
      const other = { ...rest, capabilities: capabilities.map((item) => ({ ...item, description: 'Another' })) };
      for (const [write, showsCapability] of [
        [() => api.put(`/skills/${id}`, other).expect(200), true],
        [() => api.patch(`/skills/${id}`, { description: 'patched' }).expect(200), false],
        [() => api.patch(`/skills/${id}`, { space_id: 'hall-1' }).expect(200), false],
      ] as const) {
        expect(await changesAnswers(id, write)).toEqual([true, true, true, showsCapability, true]);
      }
    });

    it('of another status, with a capability switched off', async () => {
      const { id } = await register();
      expect(
        await changesAnswers(id, () => api.put(`/skills/${id}/status`, { status: 'maintenance' }).expect(200)),
      ).toEqual([true, true, true, false, true]);
      await api.put(`/skills/${id}/status`, { status: 'active' }).expect(200);
      const { body } = await api.get(`/capabilities?skill_id=${id}`).expect(200);
      const capability = body.data.capabilities[0].capability_id as string;
      expect(
        await changesAnswers(id, () =>
          api.put(`/capabilities/${capability}/status`, { status: 'disabled' }).expect(200),
        ),
      ).toEqual([true, true, true, true, true]);
    });

    it('unregistered and deleted', async () => {
      for (const remove of [
        (id: string) => api.post(`/skills/${id}/unregister`).expect(200),
        (id: string) => api.delete(`/skills/${id}`).expect(204),
      ]) {
        const { id } = await register();
        expect(await changesAnswers(id, () => remove(id))).toEqual([true, true, true, true, true]);
        expectError(await api.get(`/skills/${id}`), 404, 1004);
      }
    });

    it('of another health, as its heartbeat says', async () => {
      const { id } = await register();
      const health = async () => (await api.get(`/skills/${id}`)).body.endpoints[0].health as string;
      expect([await health(), await health()]).toEqual(['healthy', 'healthy']);
      await api.post(`/skills/${id}/heartbeat`, { health: 'warning' }).expect(200);
      // Written in the background.
      await until(async () => (await health()) === 'warning', 5_000);
      const list = await api.get(`/skills/discover?page_size=100`);
      const found = (list.body.data.skills as { skill_id: string; endpoints: { health: string }[] }[]).find(
        (skill) => skill.skill_id === id,
      );
      expect(found?.endpoints[0]?.health).toBe('warning');
    });
  });
});
