import { connect, type Server, type Socket } from 'node:net';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';
import { routesOf } from './routes.js';

describe('bad input: how a request arrives', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(async () => {
    await app.http.get('/livez').expect(200);
    expect(app.logs.filter((line) => /"level":"?(error|fatal|50|60)/.test(line))).toEqual([]);
    await app.close();
  });

  const send = (body: string | Buffer, type = 'application/json') =>
    api
      .post('/skills')
      .set('content-type', type)
      .serialize((raw: unknown) => raw as string)
      .send(body as string);

  it('refuses a body of 10 MB', async () => {
    const body = JSON.stringify(skillBody({ description: 'd'.repeat(10 * 1024 * 1024) }));
    expect(expectError(await send(body), 413, 1001)).toEqual(['body is too large: it may have 1048576 bytes']);
    const batch = await api.post('/skills/batch', {
      skills: [skillBody({ description: 'd'.repeat(10 * 1024 * 1024) })],
    });
    expect(expectError(batch, 413, 1001)).toEqual(['body is too large: it may have 8388608 bytes']);
  });

  it('refuses bytes that are no UTF-8', async () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0x80]]) {
      const text = JSON.stringify(skillBody({ description: '@' }));
      const [before = '', after = ''] = text.split('@');
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      expect(expectError(await send(body), 400, 1001)).toEqual(['body is not valid UTF-8']);
    }
  });

  it('refuses JSON of 100,000 levels without recursing into it', async () => {
    const depth = 100_000;
    for (const body of [
      '['.repeat(depth),
      '['.repeat(depth) + ']'.repeat(depth),
      '{"a":'.repeat(depth) + '1' + '}'.repeat(depth),
      `{"metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      `{"x":"]]]]\\"${'['.repeat(50)}","metadata":${'['.repeat(50)}${']'.repeat(50)}}`,
    ]) {
      expect(expectError(await send(body), 400, 1001)).toEqual(['body nests deeper than 40 levels']);
    }
    await api.post('/skills', skillBody({ description: `"${'['.repeat(100)}\\"` })).expect(201);
  });

  it.each([
    '{',
    '{"name":',
    'null',
    '7',
    '"text"',
    '[]',
    '[{}]',
    'true',
    'NaN',
    "{'name':'x'}",
    '{"name":"x",}',
    '\u0000',
  ])('refuses the body %s', async (body) => {
    expectError(await send(body), 400, 1001);
  });

  it('refuses an empty body, and one that is missing', async () => {
    expectError(await send(''), 400, 1001);
    for (const answer of [
      await api.post('/skills'),
      await api.post('/skills/register'),
      await api.post('/skills/batch'),
    ]) {
      expectError(answer, 400, 1001);
    }
    const { body } = await api.post('/skills', skillBody()).expect(201);
    expectError(await api.patch(`/skills/${body.skill_id as string}`), 400, 1001);
    expectError(await api.put(`/skills/${body.skill_id as string}`), 400, 1001);
  });

  it.each([
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'image/png',
    'nonsense',
    'application/json; charset=\u0001',
  ])('refuses the content type %s', async (type) => {
    const answer = await rawCall(`content-type: ${type}`, JSON.stringify(skillBody()));
    expect(answer).toMatch(type.includes('\u0001') ? /^HTTP\/1.1 400 / : /^HTTP\/1.1 415 /);
    expect(answer).toContain('"code":1001');
  });

  it('takes a form for what it is: no Skill', async () => {
    expectError(await send('name=a&version=1.0.0', 'application/x-www-form-urlencoded'), 415, 1001);
  });

  it.each(['/skills/%', '/skills/%zz', '/skills/%c3%28/status', '/skills/%ff', '/%', '/skills/discover/%e0%a4%a'])(
    'refuses the path %s, which is not well-formed',
    async (path) => {
      expectError(await api.get(path), 400, 1001);
    },
  );

  it('answers 1010 for a route that is not there', async () => {
    expectError(await app.http.get('/nope'), 404, 1010);
    expectError(await api.get('/nope'), 404, 1010);
    expectError(await api.get('/skills/register/x/y'), 404, 1010);
    expectError(await api.delete('/skills/register/x/y'), 404, 1010);
  });

  it('takes a repeated parameter for no value at all', async () => {
    for (const query of ['name=a&name=b', 'page=1&page=1', 'status=active&status=active', 'q=a&q=b']) {
      expectError(await api.get(`/skills/discover?${query}`), 400, 1001);
    }
  });

  it('survives a Content-Length that lies', async () => {
    const long = await rawCall('content-type: application/json', '{}', 'content-length: 1');
    expect(long).toMatch(/^HTTP\/1.1 400 /);
    const words = ['-1', '1e3', 'abc', '99999999999999999999'];
    for (const word of words) {
      expect(await rawCall('content-type: application/json', '{}', `content-length: ${word}`)).toMatch(
        /^HTTP\/1.1 4\d\d /,
      );
    }
    const both = await rawCall(
      'content-type: application/json',
      '0\r\n\r\n',
      'content-length: 5\r\ntransfer-encoding: chunked',
    );
    expect(both).toMatch(/^HTTP\/1.1 400 /);
    const large = await rawCall('content-type: application/json', '{}', `content-length: ${11 * 1024 * 1024}`);
    expect(large).toMatch(/^HTTP\/1.1 413 /);
    expect(large).toContain('is too large');
  });

  it('answers what is no HTTP in the shape of every other error', async () => {
    const bad = [
      'FOO /nope HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /health HTTP/9.9\r\nhost: x\r\n\r\n',
      'GET /health HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
      `GET /health HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(40_000)}\r\n\r\n`,
      `GET /api/v1/skills?q=${'x'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      '\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\r\n\r\n',
    ];
    for (const text of bad) {
      const answer = await raw(text);
      expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
      const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
      expect(body).toEqual({
        code: 1001,
        message: 'Bad parameter',
        details: [{ field: expect.any(String), reason: expect.any(String) }],
        timestamp: expect.any(String),
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    }
  });

  it('refuses headers that make no sense, and ignores those of others', async () => {
    const { body } = await api.post('/skills', skillBody()).expect(201);
    const id = body.skill_id as string;
    await api.get(`/skills/${id}`).set('if-none-match', '"\\",,,W/').expect(200);
    expectError(await api.delete(`/skills/${id}`).set('if-match', ',"",'), 412, 1011);
    expectError(await api.post('/skills', skillBody()).set('idempotency-key', 'two words'), 400, 1001);
    expectError(await api.post('/skills', skillBody()).set('idempotency-key', 'k'.repeat(256)), 400, 1001);
    await api.get('/skills').set('traceparent', '00-zz-zz-01').set('accept', 'application/xml').expect(200);
  });

  it('refuses a query of more than 100 names on every route, also where none is read', async () => {
    const query = (count: number) => Array.from({ length: count }, (_, n) => `n${n}=1`).join('&');
    const routes = [...routesOf(app.app), 'GET /nope', 'POST /nope', 'PUT /livez', 'PROPFIND /api/v1/skills'];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const url = `${path.replaceAll(/:\w+/g, NOBODY)}?${query(101)}`;
      const answer = await raw(`${method} ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      expect([route, answer.slice(0, 12)]).toEqual([route, 'HTTP/1.1 400']);
      if (method !== 'HEAD') expect(answer).toContain('has more than 100 parameters');
    }
    await app.http.get(`/livez?${query(100)}`).expect(200);
    await app.http.get(`/livez?${'&'.repeat(99)}`).expect(200);
    expectError(await app.http.get(`/livez?${'&'.repeat(100)}`), 400, 1001);
    const faults = expectError(await api.get(`/skills?${query(100)}`), 400, 1001);
    expect(faults).toContain('n99 is unknown');
    const hot = await api.get('/skills?skip=0');
    expect(hot.status).toBe(200);
    expectError(await api.get(`/skills?skip=0&${query(100)}`), 400, 1001);
  });

  it('takes forms on the routes of OAuth only, with a hundred parameters', async () => {
    const FORM = 'application/x-www-form-urlencoded';
    const form = (count: number) => Array.from({ length: count }, (_, n) => `n${n}=1`).join('&');
    const post = (path: string, text: string) =>
      app.http.post(path).set('content-type', `${FORM.toUpperCase()};charset=utf-8`).send(text);
    for (const route of ['token', 'revoke', 'introspect']) {
      const answer = await post(`/api/v1/auth/${route}`, form(101));
      expect([answer.status, answer.body]).toEqual([
        400,
        { error: 'invalid_request', error_description: 'body has more than 100 parameters' },
      ]);
      expect((await post(`/api/v1/auth/${route}`, form(100))).text).not.toContain('parameters');
      expect((await post(`/api/v1/auth/${route}`, form(60_000))).body).toEqual({
        error: 'invalid_request',
        error_description: 'body is too large: it may have 65536 bytes',
      });
    }
    expectError(await post('/nope', form(60_000)), 404, 1010);
    expectError(await post('/api/v1/skills', form(2)), 401, 1002);
    for (const call of [api.post('/skills'), api.delete(`/skills/${NOBODY}`), api.put(`/channels/${NOBODY}/context`)]) {
      const answer = await call.set('content-type', FORM).send('a=1');
      expect(answer.headers.accept).toBe('application/json');
      const faults = expectError(answer, 415, 1001);
      expect(faults).toEqual(['body has a media type that is not supported: send application/json']);
    }
  });

  it('reads no body before the caller is known and may use the route', async () => {
    const { token } = await app.client('viewer');
    const kinds: [string, string, number][] = [
      ['POST /api/v1/skills', '', 401],
      [`DELETE /api/v1/skills/${NOBODY}`, '', 401],
      ['POST /nope', '', 404],
      ['PUT /livez', '', 405],
      ['POST /api/v1/skills/batch', `authorization: Bearer ${token}\r\n`, 403],
      ['GET /livez', '', 200],
    ];
    const sockets: Socket[] = [];
    const server = app.app.getHttpServer() as Server;
    const note = (socket: Socket) => sockets.push(socket);
    server.on('connection', note);
    const body = ` ${'x'.repeat(1024 * 1024)}`;
    const each = kinds.flatMap((kind) => Array.from({ length: 25 }, () => kind));
    await Promise.all(
      each.map(async ([route, headers, status], index) => {
        const length = index % 2 === 0 ? `content-length: ${body.length}` : 'transfer-encoding: chunked';
        const head = `${route} HTTP/1.1\r\nhost: x\r\n${headers}content-type: application/json\r\n${length}\r\n\r\n`;
        const chunk = index % 2 === 0 ? '' : `${body.length.toString(16)}\r\n`;
        const answer = await raw(head + chunk + body);
        expect([route, answer.slice(0, 12)]).toEqual([route, `HTTP/1.1 ${status}`]);
        expect(answer).toMatch(/^connection: close\r$/im);
      }),
    );
    server.off('connection', note);
    expect(sockets).toHaveLength(each.length);
    const read = sockets.map(({ bytesRead }) => bytesRead);
    expect(Math.max(...read)).toBeLessThanOrEqual(256 * 1024);
  });

  it('serves on where little of a body was left unread', async () => {
    const body = '{"a":1}';
    const request = `POST /nope HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const answer = await raw(`${request}GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(answer.match(/HTTP\/1.1 \d\d\d/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('refuses a body of too many values before it is parsed', async () => {
    const values = (count: number) => `{"parameters":[${'0,'.repeat(count - 2)}0]}`;
    const post = (path: string, text: string) => api.post(path).set('content-type', 'application/json').send(text);
    expect(expectError(await post('/commands/execute', values(50_001)), 400, 1001)).toEqual([
      'body has more than 50000 values',
    ]);
    expect(expectError(await post('/commands/execute', values(50_000)), 400, 1001)).not.toContain(
      'body has more than 50000 values',
    );
    const batch = (items: string[]) => `{"skills":[${items.join()}]}`;
    expect(expectError(await post('/skills/batch', batch(new Array(500_000).fill('0'))), 400, 1001)).toEqual([
      'body has more than 500000 values',
    ]);
    const item = `{"metadata":[${'0,'.repeat(30_000)}0]}`;
    expect(
      expectError(await post('/skills/batch', batch([item, item.replace('[', `[${'0,'.repeat(30_000)}`)])), 400, 1001),
    ).toEqual(['body has more than 50000 values']);
    // A thousand that are each within their limits are looked at, however many values they have together.
    const many = new Array(1_000).fill('{"metadata":[0]}'.replace('[', `[${'0,'.repeat(90)}`));
    const answer = await post('/skills/batch', batch(many));
    expect(answer.status).toBe(200);
    expect((answer.body as { data: { results: unknown[] } }).data.results).toHaveLength(1_000);
    const texts = JSON.stringify({ command_id: ',[{'.repeat(100_000) });
    expect(expectError(await post('/commands/execute', texts), 400, 1001)).toEqual([
      'command_id must have at most 128 characters',
    ]);
  });

  const rawCall = (header: string, body: string, length = `content-length: ${Buffer.byteLength(body)}`) =>
    raw(
      `POST /api/v1/skills HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${app.admin}\r\n${header}\r\n${length}\r\n\r\n${body}`,
    );

  /** Sends bytes as they are; resolves with all that comes back. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
      let answer = '';
      socket.setTimeout(5000, () => socket.destroy(new Error(`no end of the answer to ${text.slice(0, 60)}`)));
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('error', (error) => {
        // The server may close while we still send; what it said before counts.
        if (answer === '') reject(error);
      });
      socket.on('close', () => {
        resolve(answer);
      });
    });
  }
});
