import { connect } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf, NOBODY } from './api.js';
import { routesOf } from './routes.js';

const LONG = 'x'.repeat(600);
const HUGE = 'x'.repeat(20_000);

/** What is refused before any hook runs, or by Node itself. */
const REFUSED = {
  'a path that cannot be decoded': 'GET /api/v1/skills/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'a target that is no URL': 'GET http://[::bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'a part of a path that is too long': `GET /api/v1/skills/${LONG} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  'a target that is too long': `GET /${HUGE} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a header that is too long': `GET /health HTTP/1.1\r\nHost: x\r\nX: ${HUGE}\r\n\r\n`,
  'more headers than are read, the host among the rest': `GET /health HTTP/1.1\r\n${'X: 1\r\n'.repeat(120)}Host: x\r\nConnection: close\r\n\r\n`,
  'a method that is none': 'FOO /nowhere HTTP/1.1\r\nHost: x\r\n\r\n',
  'what is no HTTP': 'GARBAGE\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'two lengths':
    'POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a length twice': 'POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
  'lengths in one line': 'POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na',
  'chunks in HTTP/1.0': 'POST /nowhere HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two hosts': 'GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
  'the same host twice': 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nHost: x\r\n\r\n',
  'two hosts in another case': 'GET /api/v1/skills/ HTTP/1.1\r\nHOST: x\r\nhost: y\r\nConnection: close\r\n\r\n',
  'two hosts in HTTP/1.0': 'GET /nowhere HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n',
  'two hosts beside a whole target': 'GET http://x/health HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
  'two hosts in one line': 'GET /health HTTP/1.1\r\nHost: x, y\r\nConnection: close\r\n\r\n',
  'a host that is none': 'GET /health HTTP/1.1\r\nHost: x/y\r\nConnection: close\r\n\r\n',
  'two types of content':
    'POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\ncontent-type: application/json\r\nConnection: close\r\n\r\n',
  'no host': 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n',
  'an expectation': 'GET /health HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
};

/** What no route answers. */
const UNKNOWN = {
  'a path': 'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'OPTIONS *': 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  TRACE: 'TRACE /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
};

describe('security headers of answers that no route gives', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  /** Sends bytes as they are; resolves with the answer when the connection ends. */
  const raw = (text: string): Promise<{ status: number; head: string; body: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
      let answer = '';
      socket.setTimeout(5_000, () => socket.destroy(new Error('no end of the answer')));
      socket.on('data', (chunk) => (answer += chunk.toString()));
      // The server may close while we still send; what it said before counts.
      socket.on('error', (error) => {
        if (answer === '') reject(error);
      });
      socket.on('close', () => {
        const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
        resolve({ status: Number(head.split(' ', 2)[1]), head: head.toLowerCase(), body });
      });
    });

  const expectHeaders = (head: string): void => {
    for (const line of [
      'x-content-type-options: nosniff',
      'x-frame-options: deny',
      'referrer-policy: no-referrer',
      `content-security-policy: default-src 'self'`,
      'cross-origin-resource-policy: same-origin',
      'cache-control: no-store',
      'content-type: application/json; charset=utf-8',
      'x-trace-id: ',
    ]) {
      expect(head).toContain(`\r\n${line}`);
    }
  };

  it.each(Object.entries(REFUSED))('are there for %s', async (_, text) => {
    const { status, head, body } = await raw(text);
    expect([status, (JSON.parse(body) as { code: number }).code]).toEqual([400, 1001]);
    expectHeaders(head);
  });

  it.each(Object.entries(UNKNOWN))('are there where nothing is: %s', async (_, text) => {
    const { status, head, body } = await raw(text);
    expect([status, (JSON.parse(body) as { code: number }).code]).toEqual([404, 1010]);
    expectHeaders(head);
  });

  it('are there with 405, for each method that a path does not have; Allow names those that it has', async () => {
    const methods = 'GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND FOO'.split(' ');
    const routes = routesOf(app.app)
      .filter((route) => !route.endsWith('*'))
      .map((route) => {
        const [method = '', template = ''] = route.split(' ');
        const path = template.replace(/:[^/]+/g, NOBODY).replace(/(.)\/$/, '$1');
        return { method, path, pattern: new RegExp(`^${template.replace(/:[^/]+/g, '[^/]+')}/?$`) };
      });
    const paths = new Set(routes.map(({ path }) => path));
    expect(paths.size).toBeGreaterThan(40);
    for (const path of paths) {
      // A path such as /skills/register is that of a Skill with this id, too.
      const has = routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      const ask = async (method: string) => {
        const { status, head, body } = await raw(
          `${method} ${path}?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        expect([method, path, status]).toEqual([method, path, 405]);
        const allow = /^allow: (.*)$/m.exec(head)?.[1]?.trim().toUpperCase().split(', ') ?? [];
        expect([path, allow.sort()]).toEqual([path, [...new Set(has)].sort()]);
        expectHeaders(head);
        if (method !== 'HEAD') expect(body).toContain('"code":1001');
      };
      await Promise.all(methods.filter((method) => !has.includes(method)).map(ask));
    }
    const api = apiOf(app);
    for (let times = 0; times < 3; times += 1) await api.get('/skills').expect(200);
    // With a token, on a path that is answered from memory.
    expect((await api.delete('/skills').expect(405)).headers.allow).toBe('GET, HEAD, POST');
  });

  it.each(['x:80', '[::1]:8000', '127.0.0.1', 'skills.example.com.', ''])('take the host "%s"', async (host) => {
    expect((await raw(`GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status).toBe(200);
  });

  it('refuse two hosts of a request that is answered from memory, too', async () => {
    const head = `GET /api/v1/skills/?name=two-hosts HTTP/1.1\r\nAuthorization: Bearer ${app.admin}\r\n`;
    // The second answer comes from memory: an answer is ready once it was given.
    for (let times = 0; times < 3; times += 1) {
      expect((await raw(`${head}Host: x\r\nConnection: close\r\n\r\n`)).status).toBe(200);
      const twice = await raw(
        `${head}Host: x\r\nHost: y\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(twice.status).toBe(400);
      expect(twice.body).toContain('header host');
    }
  });

  it('repeat nothing of the host that a whole target names', async () => {
    const target = 'http://elsewhere.example.com/api/v1/skills/?limit=1';
    const { status, head } = await raw(
      `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.admin}\r\nConnection: close\r\n\r\n`,
    );
    expect(status).toBe(200);
    expect(head).toContain('link: </api/v1/skills/?limit=1');
    expect(head).not.toContain('elsewhere');
  });

  it('do not depend on what HTTP/1.0 leaves out, and let an expectation pass that is met', async () => {
    expect((await raw('GET /livez HTTP/1.0\r\n\r\n')).status).toBe(200);
    const waiting = 'GET /livez HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n';
    expect((await raw(waiting)).status).toBe(100);
  });
});
