import fc from 'fast-check';
import { JsonText } from '#common';
import { jsonObjects, jsonValues } from '../support/json-texts.js';
import { skillBody } from '../support/skill.factory.js';
import { answerText, type SkillServer } from '../support/skill-server.js';
import { AsyncSite } from './async-calls.js';
import { expectError } from './api.js';
import { commandId } from './calls.js';

const CALLS = Number(process.env.EXACT_CALLS ?? 300);
/** Calls of one batch, and of these the ones that are made again in place, and through the queue. */
const [BATCH, IN_PLACE, QUEUED] = [50, 5, 5];
const SEED = 21;

interface Passed {
  id: string;
  parameters: string;
  result: string;
}

describe('parameters and results', () => {
  let site: AsyncSite;
  let skill: SkillServer;
  let skillId: string;
  /** By the `command_id`, the result as text. */
  const results = new Map<string, string>();
  beforeAll(async () => {
    site = await AsyncSite.start();
    ({ skill, skillId } = await site.registered(
      (call, response) => {
        const result = results.get(call.body.command_id) ?? 'null';
        answerText(`{"code":0,"data":{"status":"completed", "result" : ${result} ,"output":"done"}}`)(call, response);
      },
      { capabilities: [{ name: 'forecast', version: '1.0.0' }] },
    ));
  }, 300_000);
  afterAll(async () => {
    await site.clear();
    await site.stop();
  });

  const post = (path: string, text: string) => site.calls.agent.post(`/commands/${path}`).type('json').send(text);
  const command = ({ id, parameters }: Passed, more = '') =>
    `{"command_id":"${id}","skill_id":"${skillId}","capability_id":"forecast",${more}"metadata":${parameters} ,"parameters":${parameters}}`;
  const called = (): string[] => skill.calls.splice(0).map(({ text }) => text);
  const read = async (executionId: unknown): Promise<string> =>
    (await site.calls.agent.get(`/commands/executions/${String(executionId)}`).expect(200)).text;
  const executionId = (body: { data: { execution_id: string } }): string => body.data.execution_id;

  async function inPlace(passed: Passed): Promise<void> {
    const { text, body } = await post('execute', command(passed)).expect(200);
    expect(text).toContain(`"result":${passed.result},"output"`);
    expect(called()).toEqual([
      expect.stringContaining(`"parameters":${passed.parameters},"metadata":${passed.parameters}}`),
    ]);
    // The second read comes from the cache.
    for (let times = 0; times < 2; times += 1) {
      expect(await read(executionId(body))).toContain(`"result":${passed.result},"output"`);
    }
    // The same call again.
    expect((await post('execute', command(passed)).expect(200)).text).toContain(`"result":${passed.result},"output"`);
  }

  async function queued(passed: Passed): Promise<void> {
    const more = `"callback_url":"${site.receiver.url}",`;
    const { body } = await post('execute', command(passed, more)).expect(202);
    const id = executionId(body);
    await site.untilCallback(id, 'delivered');
    expect(called()).toEqual([
      expect.stringContaining(`"parameters":${passed.parameters},"metadata":${passed.parameters}}`),
    ]);
    const [callback] = site.receiver.of(id);
    expect(callback).toMatchObject({
      isGenuine: true,
      text: expect.stringContaining(`"result":${passed.result},"output"`),
    });
    expect(await read(id)).toContain(`"result":${passed.result},"output"`);
  }

  it(`pass byte for byte, in ${CALLS} generated calls`, async () => {
    const pairs = fc.sample(fc.tuple(jsonObjects, jsonValues), { numRuns: CALLS, seed: SEED });
    const all = pairs.map(([parameters, result]) => ({ id: commandId(), parameters, result }));
    for (const { id, result } of all) results.set(id, result);
    for (let first = 0; first < all.length; first += BATCH) {
      const some = all.slice(first, first + BATCH);
      const batch = some.slice(IN_PLACE + QUEUED);
      for (const passed of some.slice(0, IN_PLACE)) await inPlace(passed);
      for (const passed of some.slice(IN_PLACE, IN_PLACE + QUEUED)) await queued(passed);
      const { text } = await post(
        'batch',
        `{"commands":[${batch.map((passed) => command(passed)).join(', ')}]}`,
      ).expect(200);
      const answers = text.split('"index":').slice(1);
      const bodies = called();
      for (const [index, { id, parameters, result }] of batch.entries()) {
        expect(answers[index]).toContain(`"result":${result},"output"`);
        expect(bodies.filter((body) => body.includes(`"${id}"`))).toEqual([
          expect.stringContaining(`"parameters":${parameters},"metadata":${parameters}}`),
        ]);
      }
    }
  }, 240_000);

  it('are refused where an object has one name twice, with its path', async () => {
    const execute = async (parameters: string) =>
      expectError(await post('execute', command({ id: commandId(), parameters, result: '' })), 400, 1001);
    expect(await execute('{"a":[0,{"b":1,"\\u0062":2}]}')).toEqual(['metadata.a.1.b is given more than once']);
    const item = command({ id: commandId(), parameters: '{"a":1}', result: '' });
    const twice = item.replace(/\}$/, ',"parameters":{}}');
    expect(expectError(await post('execute', twice), 400, 1001)).toEqual(['parameters is given more than once']);
    expect(expectError(await post('batch', `{"commands":[${item},${twice}]}`), 400, 1001)).toEqual([
      'commands.1.parameters is given more than once',
    ]);
    expect(called()).toEqual([]);
  });

  it('take any name for data, and other members of a call do not', async () => {
    const odd = '{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}},"prototype":3}';
    await inPlace({ id: commandId(), parameters: odd, result: 'null' });
    expect(Object.hasOwn(Object.prototype, 'a') || Object.hasOwn(Object.prototype, 'b')).toBe(false);
    const refused = await post(
      'execute',
      command({ id: commandId(), parameters: '{}', result: '' }, '"__proto__":{},'),
    );
    expect(expectError(refused, 400, 1001)).toEqual([
      'body holds a forbidden key (__proto__, constructor or prototype)',
    ]);
  });

  it('are another request if a number differs that a double does not tell apart', async () => {
    const id = commandId();
    await post('execute', command({ id, parameters: '{"n":9007199254740993}', result: '' })).expect(200);
    const other = await post('execute', command({ id, parameters: '{"n":9007199254740992}', result: '' }));
    expect(expectError(other, 400, 1001)).toEqual([
      'command_id was used for a different request before: send a new one, or none',
    ]);
    called();
  });

  it('are declared with numbers that come back as they are meant, or are refused', async () => {
    const api = site.calls.admin;
    const { skill_id } = (await api.post('/skills', skillBody()).expect(201)).body as { skill_id: string };
    const send = (text: string) => {
      const json = (request: ReturnType<typeof api.post>) => request.set('content-type', 'application/json').send(text);
      const batch = `{"skills":[${text}]}`;
      return [
        json(api.post('/skills')),
        json(api.post('/skills/register')),
        json(api.put(`/skills/${skill_id}`)),
        json(api.patch(`/skills/${skill_id}`)),
        ...[batch, batch.padEnd(200_000)].map((many) =>
          api.post('/skills/batch').set('content-type', 'application/json').send(many),
        ),
      ];
    };
    const body = (number: string) =>
      JSON.stringify(skillBody({ capabilities: [{ name: 'n', input_schema: { maximum: 7 } }] })).replace(
        ':7',
        `:${number}`,
      );
    for (const number of ['9007199254740993', '-1e400', '1234567890123456789012', '0.12345678901234567890123']) {
      for (const answer of await Promise.all(send(body(number)))) {
        expect(expectError(answer, 400, 1001)).toEqual([`body has numbers that would change: ${number}`]);
      }
    }
    for (const number of ['9007199254740992', '1.0', '1e2', '-0', '0.1', '5e-324']) {
      await api.post('/skills').set('content-type', 'application/json').send(body(number)).expect(201);
    }
  });

  describe('of calls through a channel', () => {
    let channelId: string;
    beforeEach(async () => {
      const opened = await site.calls.agent.post('/channels/create', { skill_id: skillId, capability_id: 'forecast' });
      channelId = opened.body.data.channel_id as string;
    });
    afterEach(() => {
      called();
    });

    const path = () => `/channels/${channelId}/context`;
    const put = (context: string) => site.calls.agent.put(path()).type('json').send(context);
    const readTexts = (text: string, ...names: string[]) => {
      const found = names.reduce<JsonText | undefined>((json, name) => json?.members().get(name), new JsonText(text));
      return Object.fromEntries(Array.from(found?.members() ?? [], ([key, value]) => [key, value.text]));
    };
    const call = (more = '') =>
      post('execute', `{"command_id":"${commandId()}","channel_id":"${channelId}",${more}"parameters":{}}`);
    const write = (values: Record<string, string>) =>
      `{${Object.entries(values)
        .map(([key, value]) => `"${key}" : ${value}`)
        .join()}}`;
    const answerContext = (context: string) => {
      skill.behaviour = answerText(`{"code":0,"data":{"status":"completed","result":1,"context":${context}}}`);
    };

    it('have contexts of any JSON values, as they are written', async () => {
      const values = Object.fromEntries(
        fc.sample(jsonObjects, { numRuns: 95, seed: SEED }).map((value, n) => [`k${n}`, value]),
      );
      Object.assign(values, { n: '9007199254740993', huge: '-1e400', list: '[1.50,  null]', yes: 'true', text: '"é"' });
      const written = await put(write(values)).expect(200);
      expect(readTexts(written.text, 'data', 'context')).toEqual(values);
      expect(readTexts((await site.calls.agent.get(path())).text, 'data', 'context')).toEqual(values);
      answerContext('{"n": 12345678901234567890, "text": {"a" : 1.0}, "list": null, "yes": "yes"}');
      for (let times = 0; times < 2; times += 1) expect((await call().expect(200)).body.data.warnings).toBeUndefined();
      const { list: _, ...others } = values;
      const changed = { ...others, n: '12345678901234567890', text: '{"a" : 1.0}', yes: '"yes"' };
      expect(called().map((text) => readTexts(text, 'context'))).toEqual([values, changed]);
      // The release before knows only texts, in `value`.
      const { database } = site.calls.app;
      await database.query(`UPDATE channel_contexts SET value = 'off' WHERE channel_id = $1 AND key = 'n'`, [
        channelId,
      ]);
      expect(readTexts((await site.calls.agent.get(path())).text, 'data', 'context')).toEqual({
        ...changed,
        n: '"off"',
      });
      for (const twice of ['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}']) {
        expect(expectError(await put(twice), 400, 1001)).toEqual([
          expect.stringMatching(/^a(\.b)? is given more than once$/),
        ]);
      }
    });

    it('say what of an answer was not taken: in place, stored, and in the callback', async () => {
      const long = `[${'1,'.repeat(600)}1]`;
      answerContext(
        `{"total":2,"long":${long},"":1,"twice":1,"twice":2,"deep":{"a\\u0000":1,"a\\u0000":1}},"progress":0.5`,
      );
      const warnings = [
        { field: 'progress', reason: 'is unknown' },
        { field: 'context.long', reason: 'must have at most 1024 characters as JSON, or null' },
        { field: 'context', reason: 'as a key must not be blank' },
        { field: 'context.twice', reason: 'is given more than once' },
        { field: 'context.deep', reason: 'has a name more than once: a\ufffd' },
      ];
      const made = await call().expect(200);
      expect(made.body.data).toMatchObject({ status: 'completed', result: 1, warnings });
      expect(JSON.parse(await read(executionId(made.body)))).toMatchObject({ data: { warnings } });
      const accepted = await call(`"callback_url":"${site.receiver.url}",`).expect(202);
      const id = executionId(accepted.body);
      await site.untilCallback(id, 'delivered');
      expect(site.receiver.of(id)).toMatchObject([{ isGenuine: true, body: { status: 'completed', warnings } }]);
      expect(readTexts((await site.calls.agent.get(path())).text, 'data', 'context')).toEqual({ total: '2' });
      // Without a channel there is no context.
      const alone = await post('execute', command({ id: commandId(), parameters: '{}', result: '' })).expect(200);
      expect(alone.body.data.warnings).toEqual([
        warnings[0],
        { field: 'context', reason: 'is not taken: the call has no channel' },
      ]);
    });
  });
});
