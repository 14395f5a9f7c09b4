import { answerText, BEHAVIOURS, type SkillServer } from '../support/skill-server.js';
import { until } from '../support/until.js';
import { AsyncSite, type Details } from './async-calls.js';
import { commandId } from './calls.js';

const nested = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + '1' + close.repeat(levels);
const success = (fields: string): string => `{"code":0,"data":{"status":"success",${fields}}}`;
const failed = (fields: string): string => `{"code":0,"data":{"status":"failed",${fields}}}`;
const TOO_DEEP = { code: 5000, message: 'The answer of the Skill nests deeper than 100 levels' };

describe('answers of Skills that are hard to store or to pass on', () => {
  let site: AsyncSite;
  beforeAll(async () => {
    site = await AsyncSite.start();
  }, 300_000);
  afterAll(() => site.stop());
  afterEach(() => site.clear());

  /** Has such an answer given in place and to the queue. Returns what was answered and what is kept, of each. */
  async function both(text: string, status = 200): Promise<{ skill: SkillServer; told: unknown[]; kept: Details[] }> {
    const { skill, skillId } = await site.registered(answerText(text, status));
    const inPlace = await site.calls.execute(skillId, { command_id: commandId() }).expect(200);
    const id = await site.accept(skillId);
    await site.untilCallback(id, 'delivered');
    const told = [inPlace.body.data, site.receiver.of(id)[0]?.body];
    const kept = [await site.read(inPlace.body.data.execution_id as string), await site.read(id)];
    // Each call was made once.
    expect(skill.calls).toHaveLength(2);
    return { skill, told, kept };
  }

  it.each([
    ['arrays in its result', success(`"result":${nested(5_000, '[', ']')}`)],
    ['objects in its result', success(`"result":${nested(5_000, '{"a":', '}')}`)],
    ['half a million levels', success(`"result":${nested(500_000, '[', ']')}`)],
    ['levels in its context', success(`"context":${nested(200, '{"a":', '}')}`)],
    [
      'levels in a field that nobody reads',
      `{"x":${nested(5_000, '[{"a":', '}]')},"code":0,"data":{"status":"success"}}`,
    ],
    ['details of an error', failed(`"error":{"code":1,"message":"m","details":${nested(5_000, '[', ']')}}`)],
    ['an envelope of an error', `{"code":7,"message":"m","details":${nested(5_000, '[', ']')}}`],
  ])('with %s nested too deep fail the call, once', async (_, text) => {
    const { told, kept } = await both(text);
    expect(told).toMatchObject(
      told.map(() => ({ status: 'failed', result: null, error: TOO_DEEP.message, error_detail: TOO_DEEP })),
    );
    expect(kept).toMatchObject(kept.map(() => ({ status: 'failed', error: TOO_DEEP.message, error_detail: TOO_DEEP })));
  });

  it('pass on 90 levels', async () => {
    const result = JSON.parse(nested(90, '[', ']')) as unknown;
    const { told, kept } = await both(success(`"result":${nested(90, '[', ']')}`));
    expect(told).toMatchObject([{ result }, { result }]);
    expect(kept).toMatchObject([{ result }, { result }]);
  });

  it('refused with details that are too deep are told by their status', async () => {
    const { told } = await both(`{"code":7,"message":"m","details":${nested(5_000, '[', ']')}}`, 422);
    const error = { code: 422, message: 'The Skill answered 422' };
    expect(told).toMatchObject([
      { status: 'failed', error: error.message, error_detail: error },
      { status: 'failed', error: error.message, error_detail: error },
    ]);
  });

  it.each([
    ['NUL', '\\u0000'],
    ['half of a pair of surrogates', '\\ud800'],
    ['the other half', '\\udc00x'],
  ])('with %s in every text are kept and passed on', async (_, odd) => {
    const text = success(`"output":"${odd}","result":{"k${odd}":"${odd}"},"context":{"c${odd}":"${odd}"}`);
    const result = JSON.parse(`{"k${odd}":"${odd}"}`) as unknown;
    const { told, kept } = await both(text);
    expect(told).toMatchObject(told.map(() => ({ status: 'completed', result })));
    expect(kept).toMatchObject(kept.map(() => ({ status: 'completed', result })));
    const words = await both(failed(`"error":{"code":"c${odd}","message":"${odd}","details":"${odd}"}`));
    expect(words.kept).toMatchObject(words.kept.map(() => ({ status: 'failed' })));
    expect(words.told).toMatchObject(
      words.told.map(() => ({
        error: JSON.parse(`"${odd}"`) as string,
        error_detail: JSON.parse(`{"code":"c${odd}","details":"${odd}"}`) as object,
      })),
    );
  });

  it('with numbers beyond all bounds are kept and passed on', async () => {
    const { told, kept } = await both(success(`"result":[1e400,-1e400,1e-400,123456789012345678901234567890]`));
    // As JSON.parse reads them; `exact-calls.spec.ts` compares the bytes.
    const result = [Infinity, -Infinity, 0, 1.2345678901234568e29];
    expect(told).toMatchObject([{ result }, { result }]);
    expect(kept).toMatchObject([{ result }, { result }]);
    const words = await both(failed(`"error":{"code":1e400,"message":"m","details":1e400}`));
    expect(words.told).toMatchObject(words.told.map(() => ({ status: 'failed', error_detail: { code: 5000 } })));
  });

  it('longer than what is kept are passed on, and leave their neighbours alone', async () => {
    const { told, kept } = await both(success(`"result":"${'\\u0001é'.repeat(100_000)}"`));
    expect(told).toMatchObject(told.map(() => ({ status: 'completed', result: '\u0001é'.repeat(100_000) })));
    expect(kept).toMatchObject(kept.map(() => ({ status: 'completed', result: null, result_kept: false })));
  });

  it.each(['running', 'pending'])(
    'are not waited for again where a call is %s after its last attempt',
    async (status) => {
      const { skill, skillId } = await site.registered(() => undefined);
      const id = await site.accept(skillId, { timeout: 60_000 });
      await until(() => skill.calls.length === 1);
      // As if the replica had died each time.
      await site.calls.app.database.query(
        `UPDATE executions SET attempts = 100, status = $2::text, running_until = CASE $2::text WHEN 'running' THEN now() END,
         next_attempt_at = CASE $2::text WHEN 'pending' THEN now() END WHERE id = $1`,
        [id, status],
      );
      const details = await site.untilCallback(id, 'delivered');
      expect(details).toMatchObject({ status: 'failed', error_detail: { code: 1008 } });
      expect(site.receiver.of(id)).toHaveLength(1);
      expect(skill.calls).toHaveLength(1);
    },
  );

  it('are waited for where replicas that ended gave a call back on its last attempt', async () => {
    const { skill, skillId } = await site.registered(BEHAVIOURS.resets);
    const id = await site.accept(skillId);
    await until(async () => (await site.read(id)).error !== null);
    skill.behaviour = BEHAVIOURS.echo;
    await site.calls.app.database.query(
      `UPDATE executions SET attempts = 199, releases = 100, next_attempt_at = now() WHERE id = $1 AND status = 'pending'`,
      [id],
    );
    expect(await site.untilCallback(id, 'delivered')).toMatchObject({ status: 'completed' });
  });
});
