import { once } from 'node:events';
import { connect } from 'node:net';
import { skillBody } from '../support/skill.factory.js';
import { answer, SkillServer } from '../support/skill-server.js';
import { until } from '../support/until.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf } from './api.js';

const ORIGIN = 'https://console.example.com';
const SKILLS = '/api/v1/skills/';

describe('security headers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it.each(['/health', '/docs', '/openapi.json', '/nope', SKILLS])('are on %s, whatever it answers', async (path) => {
    const { headers } = await app.http.get(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining(`default-src 'self'`),
    });
    expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe|upgrade-insecure/);
    // Nobody speaks HTTPS here, and nobody needs to know what answers.
    for (const absent of ['strict-transport-security', 'server', 'x-powered-by', 'access-control-allow-origin']) {
      expect(headers).not.toHaveProperty(absent);
    }
  });

  it('keep answers out of caches of others, whatever is answered and however it is read', async () => {
    const api = apiOf(app);
    const { skill_id } = (await api.post('/skills', skillBody({ name: 'cached' })).expect(201)).body;
    const agent = await app.client('viewer');
    const statuses = new Set<number>();
    const look = async (path: string, init: RequestInit = {}): Promise<Headers> => {
      const { status, headers } = await fetch(`${app.url}/api/v1${path}`, init);
      statuses.add(status);
      expect([path, status, headers.get('vary')]).toEqual([path, status, 'Authorization, X-API-Key']);
      expect([path, status, headers.get('cache-control')]).toEqual([
        path,
        status,
        headers.has('etag') ? 'private, no-cache' : 'no-store',
      ]);
      return headers;
    };
    const asked = { headers: { authorization: `Bearer ${app.admin}` } };
    // The second and third answers of some of them come from memory.
    for (const path of [`/skills/${skill_id}`, '/skills/', '/skills/discover', '/capabilities', '/auth/me', '/audit']) {
      for (let times = 0; times < 3; times += 1) await look(path, asked);
    }
    const etag = (await look(`/skills/${skill_id}`, asked)).get('etag') ?? '';
    expect(etag).not.toBe('');
    await look(`/skills/${skill_id}`, { headers: { ...asked.headers, 'if-none-match': etag } });
    await look('/skills/', { method: 'HEAD', ...asked });
    await look('/skills/');
    await look('/nope', asked);
    await look(`/skills/${skill_id}`, { method: 'DELETE', headers: { authorization: `Bearer ${agent.token}` } });
    await look('/skills/%zz', asked);
    const grant = { grant_type: 'client_credentials', client_id: agent.clientId, client_secret: agent.secret };
    const form = new URLSearchParams(grant);
    expect((await look('/auth/token', { method: 'POST', body: form })).get('pragma')).toBe('no-cache');
    expect([...statuses].sort()).toEqual([200, 304, 400, 401, 403, 404]);
  });

  it('let Swagger UI work: it has no script in the page', async () => {
    const { text } = await app.http.get('/docs').expect(200);
    const scripts = [...text.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes, content] of scripts) {
      expect(attributes).toMatch(/src=["']\.\//);
      expect(content?.trim()).toBe('');
    }
    expect(text).not.toMatch(/\son\w+=/);
  });

  it('do not answer other origins', async () => {
    const preflight = await app.http.options(SKILLS).set('origin', ORIGIN).set('access-control-request-method', 'POST');
    expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('refuse headers that are too large', async () => {
    const answer = await app.http.get('/livez').set('x-large', 'x'.repeat(17_000));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 1001, details: [{ reason: 'has headers that are too large' }] });
  });

  it('refuse more than a hundred headers, rather than to leave some out', async () => {
    const { hostname, port } = new URL(app.url);
    const send = (count: number) =>
      new Promise<string>((resolve, reject) => {
        const names = Array.from({ length: count - 2 }, (_, index) => `x-${index}: y\r\n`).join('');
        const socket = connect(Number(port), hostname, () =>
          socket.write(`GET /livez HTTP/1.1\r\n${names}host: x\r\nconnection: close\r\n\r\n`),
        );
        let answered = '';
        socket.on('data', (chunk) => (answered += chunk.toString()));
        socket.on('close', () => {
          resolve(answered);
        });
        socket.on('error', reject);
      });
    expect(await send(100)).toMatch(/^HTTP\/1.1 200 /);
    for (const count of [101, 102, 103, 500]) {
      const answered = await send(count);
      expect(answered).toMatch(/^HTTP\/1.1 400 /);
      expect(answered).toContain('has more than 100 headers');
    }
  });

  it('mask secrets that somebody pastes into a path or a query, in the log, the audit log and the answer', async () => {
    const { token, secret, clientId } = await app.client('viewer');
    const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
    const tokens = (await app.http.post('/api/v1/auth/token').send(grant)).body as { refresh_token: string };
    const apiKey = `osk_${'aB3_'.repeat(10)}xyz`;
    const secrets = [apiKey, token, secret, tokens.refresh_token];
    const encoded = (text: string) => text.replace(/[^]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
    for (const each of secrets.flatMap((plain) => [plain, encoded(plain), plain.replaceAll('_', '%5F')])) {
      const auth = { authorization: `Bearer ${token}` };
      const asked: [string, RequestInit][] = [
        // To no route, to one that is not allowed, to one where it is too long or no id, and as the name of a parameter.
        [`/${each}`, {}],
        [`/api/v1/skills/${each}`, { method: 'DELETE', headers: auth }],
        [`/api/v1/skills/${each}`, { headers: auth }],
        [`/api/v1/skills/%zz/${each}`, {}],
        [`/api/v1/skills/?${each}=1`, { headers: auth }],
      ];
      for (const [path, init] of asked) {
        const answered = await (await fetch(`${app.url}${path}`, init)).text();
        for (const plain of secrets) {
          expect(answered).not.toContain(plain.slice(-20));
          expect(answered).not.toContain(encoded(plain.slice(-20)));
        }
      }
    }
    const isWritten = async () => {
      const { body } = await app.http.get('/api/v1/audit?result=denied').auth(app.admin, { type: 'bearer' });
      return JSON.stringify(body).includes('DELETE /api/v1/skills');
    };
    await until(isWritten, 5_000);
    const entries = await app.database.query('SELECT * FROM audit_entries');
    const told = `${app.logs.join('\n')}\n${JSON.stringify(entries)}`;
    for (const plain of secrets) {
      expect(told).not.toContain(plain.slice(-20));
      expect(told.toLowerCase()).not.toContain(encoded(plain.slice(-20)).toLowerCase());
    }
    expect(told).toContain('/[redacted]');
  });

  it('take the address of the socket, whatever X-Forwarded-For says', async () => {
    await app.http.get(SKILLS).set('x-forwarded-for', '203.0.113.7').set('user-agent', 'liar');
    const line = app.logs.find((candidate) => candidate.includes('liar')) ?? '';
    expect(line).toContain('127.0.0.1');
    expect(line).not.toContain('203.0.113.7');
  });
});

describe('other origins and proxies', () => {
  let app: TestApp;
  beforeAll(async () => {
    const env = {
      CORS_ORIGINS: `${ORIGIN}, http://localhost:3000`,
      CORS_CREDENTIALS: 'true',
      TRUST_PROXY: '127.0.0.0/8',
    };
    app = await startTestApp({ env });
  });
  afterAll(() => app.close());

  it('that are named may call, with a preflight request that needs no token', async () => {
    const preflight = await app.http
      .options(SKILLS)
      .set('origin', ORIGIN)
      .set('access-control-request-method', 'POST')
      .set('access-control-request-headers', 'authorization,content-type');
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-allow-methods': expect.stringContaining('PATCH'),
    });
  });

  it('may read answers and refusals, with the headers that matter', async () => {
    for (const status of [200, 401]) {
      const asked = app.http.get(SKILLS).set('origin', ORIGIN);
      const { headers } = await (status === 200 ? asked.auth(app.admin, { type: 'bearer' }) : asked).expect(status);
      expect(headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': expect.stringContaining('RateLimit'),
        vary: expect.stringContaining('Origin'),
      });
    }
    // Before the body is read, too.
    const { headers } = await app.http.post(SKILLS).set('origin', ORIGIN).send({}).expect(401);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  it('that are not named may not', async () => {
    const { headers } = await app.http.get(SKILLS).set('origin', 'https://elsewhere.example.com');
    expect(headers.vary).toBe('Authorization, X-API-Key, Origin');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('are believed about the address when they are trusted', async () => {
    await app.http.get(SKILLS).set('x-forwarded-for', '203.0.113.7').set('user-agent', 'proxied');
    expect(app.logs.find((line) => line.includes('proxied'))).toContain('203.0.113.7');
  });
});

describe('every origin', () => {
  it('may call where that is set', async () => {
    const app = await startTestApp({ env: { CORS_ORIGINS: '*' } });
    try {
      const { headers } = await app.http.get(SKILLS).set('origin', ORIGIN);
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    } finally {
      await app.close();
    }
  });
});

describe('slow senders', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { APP_REQUEST_TIMEOUT: '1', APP_MAX_CONNECTIONS: '300' } });
  });
  afterAll(() => app.close());

  /** Sends this, and then for ever a little more; resolves with what is answered until the connection is cut, and when. */
  const drip = (begin: string, drop: string): Promise<{ answered: string; ms: number }> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(app.url);
      const began = performance.now();
      const socket = connect(Number(port), hostname, () => socket.write(begin));
      const timer = setInterval(() => socket.write(drop), 100);
      let answered = '';
      socket.on('data', (chunk) => (answered += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(timer);
        resolve({ answered, ms: performance.now() - began });
      });
    });
  const post = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.admin}\r\ncontent-type: application/json\r\n`;

  it('are cut off, and told why, wherever they stop', async () => {
    const sent: Record<string, [begin: string, drop: string]> = {
      'a request line': ['GET /liv', 'e'],
      headers: ['GET /livez HTTP/1.1\r\nhost: x\r\n', 'x: y\r\n'],
      nothing: ['', ''],
      'a body': [`${post(SKILLS)}content-length: 1000\r\n\r\n{`, ' '],
      'a body in chunks': [`${post(SKILLS)}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
      'a body without a token': ['POST /api/v1/auth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n', 'a'],
    };
    const cuts = await Promise.all(
      Object.entries(sent).map(async ([of, [begin, drop]]) => ({ of, ...(await drip(begin, drop)) })),
    );
    for (const { of, ms, answered } of cuts) {
      expect([of, ms > 900 && ms < 3_000, ms]).toEqual([of, true, ms]);
      expect([of, answered]).toEqual([of, expect.stringMatching(/^HTTP\/1.1 4\d\d [^]*did not arrive in time/)]);
    }
  });

  it('do not keep others from being served', async () => {
    const slow = Array.from({ length: 200 }, () => drip('GET /livez HTTP/1.1\r\n', 'x: y\r\n'));
    await app.http.get('/livez').expect(200);
    expect((await Promise.all(slow)).every(({ ms }) => ms < 4_000)).toBe(true);
  });

  it('do not hold more connections than APP_MAX_CONNECTIONS', async () => {
    const { hostname, port } = new URL(app.url);
    const quiet = Array.from({ length: 330 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined).resume();
      return once(socket, 'close').then(() => performance.now());
    });
    const closed = (await Promise.all(quiet)).toSorted((a, b) => a - b);
    // Those beyond the limit are closed as they come, the others after the second that headers may take.
    expect((closed[30] ?? 0) - (closed[29] ?? 0)).toBeGreaterThan(200);
    const { text } = await app.http.get('/metrics').expect(200);
    expect(text).toMatch(/^http_connections_dropped_total 3\d$/m);
  });

  it('are not clients that wait for a slow answer', async () => {
    const skill = await SkillServer.start((call, response) => {
      setTimeout(() => {
        answer({ code: 0, data: { status: 'success', result: {} } })(call, response);
      }, 2_200);
    });
    const api = apiOf(app);
    const { skill_id } = (await api.post('/skills', skillBody({ endpoints: [{ url: skill.url }] })).expect(201)).body;
    const command = { command_id: 'slow', skill_id, capability_id: 'forecast', parameters: { city: 'Rome' } };
    await api.post('/commands/execute', command).expect(200);
    await skill.stop();
  });
});
