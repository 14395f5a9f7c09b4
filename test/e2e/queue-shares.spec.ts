import { BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { until } from '../support/until.js';
import { apiOf } from './api.js';
import { AsyncSite } from './async-calls.js';

describe('calls', () => {
  let site: AsyncSite;
  beforeAll(async () => {
    site = await AsyncSite.start();
  }, 300_000);
  afterAll(() => site.stop());
  afterEach(() => site.clear());

  it('of one client that hang keep none of others waiting, nor calls of another Skill at the same origin', async () => {
    const hangs: Behaviour = (call, response) => {
      if (!call.path.startsWith('/hangs')) BEHAVIOURS.echo(call, response);
    };
    const server = await site.calls.serveOne(hangs);
    const hanging = await site.calls.register([{ url: `${server.url}/hangs` }]);
    const sound = await site.calls.register([{ url: `${server.url}/sound` }]);
    const hog = apiOf(site.calls.app, (await site.calls.app.client('agent')).token);
    const other = apiOf(site.calls.app, (await site.calls.app.client('agent')).token);
    await Promise.all(Array.from({ length: 80 }, () => site.accept(hanging.skillId, {}, hog)));
    await until(() => server.calls.length === 32);
    // Neither the queue nor the connections to this origin are used up, for others and for the same client.
    for (const api of [other, hog]) {
      const id = await site.accept(sound.skillId, {}, api);
      await until(async () => {
        const { body } = await api.get(`/commands/executions/${id}`).expect(200);
        return body.data.status === 'completed';
      }, 5_000);
    }
    const inPlace = Array.from({ length: 70 }, () =>
      site.calls.execute(hanging.skillId, { timeout: 1_000 }, hog).then(({ status }) => status),
    );
    await until(() => server.calls.length >= 32 + 2 + 30);
    for (let call = 0; call < 10; call += 1)
      expect((await site.calls.execute(sound.skillId, {}, other)).status).toBe(200);
    for (const status of await Promise.all(inPlace)) expect([503, 504]).toContain(status);
  });
});
