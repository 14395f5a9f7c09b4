import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { skillBody } from '../support/skill.factory.js';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('bodies with a content coding', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const CODINGS: [string, (text: string) => Buffer][] = [
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ];
  const sendCoded = (path: string, coding: string, body: Buffer, type = 'application/json') =>
    api
      .post(path)
      .set({ 'content-type': type, 'content-encoding': coding })
      .serialize((bytes: unknown) => bytes as string)
      .send(body as unknown as string);

  it.each(CODINGS)('takes %s, on every kind of route', async (coding, encode) => {
    const one = await sendCoded('/skills', coding, encode(JSON.stringify(skillBody()))).expect(201);
    expect(one.body.name).toEqual(expect.any(String));
    const skills = Array.from({ length: 300 }, () => skillBody({ description: 'd'.repeat(1_000) }));
    const many = await sendCoded('/skills/batch', coding, encode(JSON.stringify({ skills }))).expect(200);
    expect(many.body.data.results).toHaveLength(300);
    const beat = `/skills/${many.body.data.results[0].skill_id as string}/heartbeat`;
    await sendCoded(beat, coding, encode('{"health":"warning"}')).expect(200);
    const form = `grant_type=client_credentials&client_id=admin&client_secret=${ADMIN_SECRET}`;
    const token = app.http
      .post('/api/v1/auth/token')
      .set({ 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': coding })
      .serialize((bytes: unknown) => bytes as string)
      .send(encode(form) as unknown as string);
    expect((await token.expect(200)).body.access_token).toEqual(expect.any(String));
  });

  it.each(CODINGS)('stops %s at the limit of the route, whatever it would grow to', async (coding, encode) => {
    const bomb = encode(' '.repeat(9 * 1024 * 1024));
    for (const [path, limit] of [
      ['/skills', 1_048_576],
      ['/skills/batch', 8_388_608],
    ] as const) {
      const faults = expectError(await sendCoded(path, coding, bomb), 413, 1001);
      expect(faults).toEqual([`body is too large: it may have ${limit} bytes`]);
    }
    const exact = JSON.stringify({ padding: '' }).length;
    const full = JSON.stringify({ padding: 'x'.repeat(1_048_576 - exact) });
    expectError(await sendCoded('/skills', coding, encode(full)), 400, 1001);
    expectError(await sendCoded('/skills', coding, encode(`${full} `)), 413, 1001);
  });

  it('refuses bytes that are not what the header says, and what is too large when it arrives', async () => {
    const good = gzipSync(JSON.stringify(skillBody()));
    for (const bytes of [Buffer.from('{}'), good.subarray(0, -9), good.fill(0, 12, 20)]) {
      const faults = expectError(await sendCoded('/skills', 'gzip', bytes), 400, 1001);
      expect(faults).toEqual(['body cannot be decoded as its Content-Encoding says']);
    }
    expectError(await sendCoded('/skills', 'gzip', Buffer.alloc(0)), 400, 1001);
    // Empty members: they decode to nothing.
    const members = Buffer.concat(Array<Buffer>(60_000).fill(gzipSync('')));
    expectError(await sendCoded('/skills', 'gzip', members), 413, 1001);
    const options = { method: 'POST', headers: { ...JSON_TYPE, authorization: `Bearer ${app.admin}` } };
    const chunked = request(`${app.url}/api/v1/skills`, options).setHeader('content-encoding', 'gzip');
    // The server may close while this still sends.
    chunked.on('error', () => undefined);
    chunked.write(members);
    const [answer] = (await once(chunked.end(), 'response')) as [IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([413, 'close']);
    answer.destroy();
  });

  it.each(['zstd', 'compress', 'gzip, gzip', 'x', 'aws-chunked'])(
    'refuses %s, and says what it takes',
    async (coding) => {
      const answer = await sendCoded('/skills', coding, Buffer.from('{}'));
      expect(expectError(answer, 415, 1001)).toEqual([
        'header content-encoding is not supported: send one of gzip, deflate, br, or none',
      ]);
      expect(answer.headers['accept-encoding']).toBe('gzip, deflate, br');
      await api.get('/skills?limit=1').set('content-encoding', coding).expect(200);
    },
  );
});
