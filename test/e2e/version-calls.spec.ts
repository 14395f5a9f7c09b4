import { BEHAVIOURS } from '../support/skill-server.js';
import { CallSite, commandId } from './calls.js';

describe('the Skill that a call by name or capability gets', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  it('is a release, unless the call asks for a prerelease or there is nothing else', async () => {
    const [old, rc, next] = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
    const capabilities = [{ name: `release-${process.pid}` }];
    const capability = capabilities[0]?.name;
    const { name } = await site.register([{ url: rc?.url ?? '' }], { version: '2.0.0-rc.1', capabilities });
    const call = (skill: string | undefined, status = 200) =>
      site.agent.post('/commands/execute', { command_id: commandId(), skill, capability }).expect(status);
    const called = () => [old, rc, next].map((skill) => skill?.calls.length);
    for (const skill of [name, `${name}@latest`, `${name}@2.0.0-rc.1`, `${name}@^2.0.0-0`, undefined])
      await call(skill);
    await call(`${name}@*`, 404);
    expect(called()).toEqual([0, 5, 0]);
    await site.register([{ url: old?.url ?? '' }], { name, version: '1.0.0', capabilities });
    await site.register([{ url: next?.url ?? '' }], { name, version: '2.0.0-rc.2+b5', capabilities });
    for (const skill of [name, `${name}@latest`, `${name}@*`, undefined]) await call(skill);
    expect(called()).toEqual([4, 5, 0]);
    for (const skill of [`${name}@>=2.0.0-rc.1`, `${name}@2.0.0-rc.2`, `${name}@2.0.0-rc.2+b5`]) await call(skill);
    await call(`${name}@2.0.0-rc.2+b6`, 404);
    expect(called()).toEqual([4, 5, 3]);
    await old?.stop();
    await call(name, 503);
  });
});
