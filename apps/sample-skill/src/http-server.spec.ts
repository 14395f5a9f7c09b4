import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Executor } from './executor.js';
import { createSkillServer } from './http-server.js';

interface Answer {
  code: number;
  data: { status: string; result: { days: { day: number }[] } };
}

describe('the sample Skill', () => {
  let executor: Executor;
  let server: Server;
  let url: string;
  let commands = 0;

  beforeEach(async () => {
    executor = new Executor();
    executor.capabilityNames = new Map([['0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e12', 'weather.current']]);
    server = createSkillServer(executor, '1.0.0').listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function post(body: string | object, path = '/api/v1/commands/execute') {
    const response = await fetch(url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Answer };
  }

  function execute(capability_id: string, parameters: object, more: object = {}) {
    commands += 1;
    return post({ command_id: `c${commands}`, execution_id: 'e', skill_id: 's', capability_id, parameters, ...more });
  }

  const CURRENT = { city: 'Berlin', temperature: 13.9, humidity: 63, condition: 'partly cloudy' };

  it('runs a capability by its id, its name, and the name beside the id', async () => {
    const answer = {
      status: 200,
      body: { code: 0, message: 'success', data: { status: 'completed', result: CURRENT } },
    };
    const parameters = { city: 'berlin' };
    expect(await execute('0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e12', parameters)).toEqual(answer);
    expect(await execute('weather.current', parameters)).toEqual(answer);
    expect(await execute('of another registry', parameters, { capability: 'weather.current' })).toEqual(answer);
  });

  it('forecasts as many days as it is asked for, three by default', async () => {
    const daysOf = async (parameters: object) => (await execute('weather.forecast', parameters)).body.data.result.days;
    expect(await daysOf({ city: 'Cairo' })).toHaveLength(3);
    const days = await daysOf({ city: 'Cairo', days: 14 });
    expect(days.map(({ day }) => day)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  });

  it.each<[string, string, object, number, string | undefined]>([
    ['a city that it does not know', 'weather.current', { city: 'Atlantis' }, 1001, 'city'],
    ['no city', 'weather.current', {}, 1001, 'city'],
    ['too many days', 'weather.forecast', { city: 'Cairo', days: 15 }, 1001, 'days'],
    ['half a day', 'weather.forecast', { city: 'Cairo', days: 0.5 }, 1001, 'days'],
    ['a capability that it does not have', 'weather.change', {}, 1005, undefined],
  ])('fails for %s', async (_, capability, parameters, code, field) => {
    const { status, body } = await execute(capability, parameters);
    expect([status, body.code]).toEqual([200, 0]);
    expect(body.data).toMatchObject({ status: 'failed', error_detail: { code, details: field ? [{ field }] : [] } });
    expect(executor.failures).toBe(1);
  });

  it('runs a command that comes again once', async () => {
    const command = { command_id: 'again', capability_id: 'weather.current', parameters: { city: 'Cairo' } };
    const first = await post(command);
    expect(await post({ ...command, parameters: { city: 'Berlin' } })).toEqual(first);
    expect(executor.executions).toBe(1);
  });

  it('remembers the latest thousand commands', () => {
    const run = (number: number) => executor.execute({ command_id: String(number), capability: 'x', parameters: {} });
    for (let number = 0; number <= 1_000; number += 1) run(number);
    run(1);
    expect(executor.executions).toBe(1_001);
    run(0);
    expect(executor.executions).toBe(1_002);
  });

  it.each<[string, string | object, number]>([
    ['is no JSON', '{', 400],
    ['is no object', '[]', 400],
    ['has no command id', { capability_id: 'weather.current' }, 400],
    ['has no capability', { command_id: 'c' }, 400],
    ['has a list of parameters', { command_id: 'c', capability_id: 'weather.current', parameters: [] }, 400],
    ['is too long', `"${'x'.repeat(1_100_000)}"`, 413],
  ])('refuses a body that %s', async (_, body, status) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status, body: { code: 1001 } });
    expect(executor.executions).toBe(0);
  });

  it('says how it is, and what it does not have', async () => {
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toEqual({ status: 'healthy', version: '1.0.0', uptime: 0, timestamp: expect.any(String) });
    expect(await post({}, '/')).toMatchObject({ status: 404, body: { code: 1010 } });
  });
});
