import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { answerText, BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { CallSite } from './calls.js';

const ENVELOPE = '{"code":0,"data":{"status":"completed","result":1}}';

function coded(coding: string, body: Buffer): Behaviour {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding }).end(body);
  };
}

describe('answers of Skills', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(ENVELOPE)],
    ['GZIP, identity', gzipSync(ENVELOPE)],
    ['deflate', deflateSync(ENVELOPE)],
    ['deflate', deflateRawSync(ENVELOPE)],
    ['br', brotliCompressSync(ENVELOPE)],
    ['gzip, br', brotliCompressSync(gzipSync(ENVELOPE))],
  ])('may be encoded as %s', async (name, body) => {
    const [skill] = await site.serve(coded(name, body));
    const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
    expect((await site.execute(skillId).expect(200)).body.data).toMatchObject({ status: 'completed', result: 1 });
    expect(skill?.calls[0]?.headers['accept-encoding']).toMatch(/^gzip, deflate, br/);
  });

  it.each([
    ['204', 204],
    ['an empty 200', 200],
  ])('may be %s: a null result', async (_, status) => {
    const [skill] = await site.serve(answerText('', status));
    const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
    expect((await site.execute(skillId).expect(200)).body.data).toMatchObject({ status: 'completed', result: null });
  });

  it('may be the result alone, if the endpoint says so', async () => {
    const [skill] = await site.serve(answerText(' {"total": 2.0} '));
    const { skillId } = await site.register([{ url: skill?.url ?? '', parameters: { answer: 'raw' } }]);
    const { text } = await site.execute(skillId).expect(200);
    expect(text).toContain('"status":"completed","result": {"total": 2.0} ,"output":null');
    if (skill) skill.behaviour = BEHAVIOURS.babbles;
    expect((await site.execute(skillId).expect(200)).body.data).toMatchObject({ status: 'failed' });
  });

  it.each<[string, Behaviour, string]>([
    ['a web page', BEHAVIOURS.babbles, 'it begins with "<html>Welcome'],
    ['50 MB', BEHAVIOURS.floods, 'longer than'],
    ['half of its JSON', answerText('{"code":0,"da'), 'it is not JSON; it begins with "{\\"code\\":0,\\"da"'],
    ['plain JSON', answerText('{"total":2}'), 'not an envelope'],
    ['no UTF-8', (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])), 'not UTF-8'],
    ['two results', answerText('{"code":0,"data":{"status":"completed","result":1,"result":2}}'), 'more than once'],
    ['gzip that is none', coded('gzip', Buffer.from('{"code":0}')), 'cannot be decoded'],
    ['a cut gzip stream', coded('gzip', gzipSync(ENVELOPE).subarray(0, -9)), 'cannot be decoded'],
    ['an unknown coding', coded('lzma', Buffer.from(ENVELOPE)), 'content-encoding'],
    ['a bomb', coded('br', brotliCompressSync(Buffer.alloc(20_000_000, ' '))), 'decoded response is longer than'],
  ])('that are %s fail the call for good', async (_, behaviour, reason) => {
    const [bad, other] = await site.serve(behaviour, behaviour);
    const { skillId } = await site.register([bad, other].map((skill) => ({ url: skill?.url ?? '' })));
    const { body } = await site.execute(skillId).expect(200);
    expect(body.data).toMatchObject({ status: 'failed', result: null, error: expect.stringContaining('bad answer: ') });
    expect(body.data.error).toContain(reason);
    expect((bad?.calls.length ?? 0) + (other?.calls.length ?? 0)).toBe(1);
  });
});
