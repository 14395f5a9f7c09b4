import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

const SQL = `'); DROP TABLE skills; -- "$1 \\ %`;

describe('bad input: what a body says', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  /** Sends the text as it is to every route that takes such a body. */
  const refused = async (text: string, code = 1001): Promise<string[][]> => {
    const faults = [];
    for (const path of ['/skills', '/skills/register']) {
      const request = api.post(path).set('content-type', 'application/json');
      faults.push(expectError(await request.send(text), 400, code));
    }
    return faults;
  };

  it('tells all faults at once, with their paths', async () => {
    const { name: _, ...body } = skillBody({ version: '1.0' });
    const [faults] = await refused(
      JSON.stringify({
        ...body,
        description: 7,
        endpoints: [{ url: 'wss://a/', protocol: 'http', weight: 0, extra: 1 }, { url: 'ftp://a/' }],
        capabilities: [{ name: 'n', parameters: { p: { type: 'text', nope: 1 } }, status: 'on' }, 'text'],
        metadata: { a: 1, b: 'x'.repeat(513) },
        unknown: true,
      }),
    );
    expect(faults?.map((fault) => fault.split(' ')[0]).toSorted()).toEqual(
      expect.arrayContaining([
        'capabilities.0.parameters',
        'capabilities.0.status',
        'description',
        'endpoints.0.extra',
        'endpoints.0.protocol',
        'endpoints.0.weight',
        'endpoints.1.url',
        'metadata',
        'name',
        'unknown',
        'version',
      ]),
    );
    expect(faults).toContain('name is required');
    expect(faults).toContain('unknown is unknown');
    expect(faults).toContain('endpoints.0.protocol must agree with the scheme of the url');
  });

  it('refuses parameters of endpoints that no request could carry, on every way, without repeating them', async () => {
    const url = 'http://localhost:8001/sent';
    const { skill_id } = (await api.post('/skills', skillBody({ endpoints: [{ url }] })).expect(201)).body;
    const path = `/skills/${skill_id}`;
    const bad: [string, string][] = [
      ['authorization', 'Bearer s3cret\r\nx-admin: true'],
      ['authorization', 's3cret\n'],
      ['authorization', 's3cret\u007f'],
      ['authorization', 's3cret\u0085'],
      ['authorization', 's3cret\u2028'],
      ['authorization', 's3cret \u{1f511}'],
      ['invoke_path', '/s3cret\r\n'],
      ['health_path', '/s3cret\t'],
      ['method', 'POST /s3cret HTTP/1.1\r\n'],
    ];
    for (const [key, text] of bad) {
      for (const value of [text, { value: text, secret: true } as const]) {
        const endpoints = [{ url, parameters: { [key]: value } }];
        const body = skillBody({ endpoints });
        const answers = [
          await api.post('/skills', body),
          await api.post('/skills/register', body),
          await api.put(path, body),
          await api.patch(path, { endpoints }),
        ];
        const fault = expect.stringMatching(`^endpoints\\.0\\.parameters the value of "${key}" must be`) as string;
        for (const answer of answers) {
          expect(expectError(answer, 400, 1001)).toEqual([fault]);
          expect(answer.text).not.toContain('s3cret');
        }
        const batch = await api.post('/skills/batch', { skills: [body, skillBody()] }).expect(200);
        expect(batch.body.data.results).toMatchObject([{ status: 'failed' }, { status: 'created' }]);
        expect(batch.text).toContain(`the value of \\"${key}\\" must be`);
        expect(batch.text).not.toContain('s3cret');
      }
    }
    const fine = { authorization: 'Basic dXNlcjpwYXNz, x="\u00e9"\t', invoke_path: '/天气?a=b c', method: 'put' };
    await api.patch(path, { endpoints: [{ url, parameters: fine }] }).expect(200);
  });

  const wrong: Record<string, object> = {
    'semver 1.0': { version: '1.0' },
    'semver v1.0.0': { version: 'v1.0.0' },
    'semver 01.0.0': { version: '01.0.0' },
    'semver with an empty prerelease': { version: '1.0.0-' },
    'semver with a prerelease that begins with 0': { version: '1.0.0-01' },
    'semver with two builds': { version: '1.0.0+a+b' },
    'a prerelease that is too long': { version: `1.0.0-${'a'.repeat(27)}` },
    'semver with a new line': { version: '1.0.0\n' },
    'a version that is too long': { version: `1.0.${'9'.repeat(40)}` },
    'a version that is a number': { version: 1 },
    'no endpoints': { endpoints: [] },
    'endpoints that are an object': { endpoints: { 0: { url: 'http://a/' } } },
    'endpoints of null': { endpoints: [null] },
    'endpoints of lists': { endpoints: [[{ url: 'http://a/' }]] },
    'two endpoints of one url': { endpoints: [{ url: 'http://a/' }, { url: 'http://a/' }] },
    'protocol http with a wss url': { endpoints: [{ url: 'wss://a/', protocol: 'http' }] },
    'a url without a host': { endpoints: [{ url: 'http://' }] },
    'a url with credentials': { endpoints: [{ url: 'http://u:p@a/' }] },
    'a url with a space': { endpoints: [{ url: 'http://a b/' }] },
    'a url of another scheme': { endpoints: [{ url: 'javascript:alert(1)' }] },
    'a url that is too long': { endpoints: [{ url: `http://a/${'x'.repeat(512)}` }] },
    'a url with NUL': { endpoints: [{ url: 'http://a/\u0000' }] },
    'weight 0': { endpoints: [{ url: 'http://a/', weight: 0 }] },
    'weight -1': { endpoints: [{ url: 'http://a/', weight: -1 }] },
    'weight 1.5': { endpoints: [{ url: 'http://a/', weight: 1.5 }] },
    'weight as text': { endpoints: [{ url: 'http://a/', weight: '1' }] },
    'weight 1e300': { endpoints: [{ url: 'http://a/', weight: 1e300 }] },
    'a name of 256 characters': { name: 'n'.repeat(256) },
    'a name of 256 emoji': { name: '🌦'.repeat(256) },
    'a blank name': { name: ' \t\n\u3000' },
    'an empty name': { name: '' },
    'a name of null': { name: null },
    'a name that is a list': { name: ['a'] },
    'NUL in a name': { name: 'a\u0000b' },
    'NUL in a description': { description: '\u0000' },
    'half a surrogate pair': { name: 'a\ud83c' },
    'half a surrogate pair in metadata': { metadata: { k: '\udf26' } },
    'half a surrogate pair in a key': { metadata: { '\udf26': 'v' } },
    'NUL in a metadata key': { metadata: { 'a\u0000': 'v' } },
    'metadata that is a list': { metadata: ['a'] },
    'metadata of numbers': { metadata: { a: 1 } },
    'metadata with a long key': { metadata: { ['k'.repeat(65)]: 'v' } },
    'too much metadata': { metadata: Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`k${n}`, 'v'])) },
    'a description of 1025 characters': { description: 'd'.repeat(1025) },
    'two capabilities of one name': { capabilities: [{ name: 'a' }, { name: 'a' }] },
    'a parameter without a type': { capabilities: [{ name: 'a', parameters: { p: {} } }] },
    'a default of another type': { capabilities: [{ name: 'a', parameters: { p: { type: 'number', default: '1' } } }] },
    'a default with NUL': { capabilities: [{ name: 'a', parameters: { p: { type: 'string', default: '\u0000' } } }] },
    'a default with half a pair': {
      capabilities: [{ name: 'a', parameters: { p: { type: 'string', default: '\ud800' } } }],
    },
    'a long default': {
      capabilities: [{ name: 'a', parameters: { p: { type: 'string', default: 'x'.repeat(511) } } }],
    },
    'parameters that are a list': { capabilities: [{ name: 'a', parameters: [] }] },
    'too many endpoints': { endpoints: Array.from({ length: 501 }, (_, n) => ({ url: `http://a/${n}` })) },
    'an unknown field': { admin: true },
  };

  it.each(Object.entries(wrong))('refuses %s', async (_, overrides) => {
    const [create, register] = await refused(JSON.stringify(skillBody(overrides)));
    expect(create).not.toEqual([]);
    expect(register).toEqual(create);
  });

  it('refuses a number that JSON can write and no double can hold', async () => {
    const body = skillBody({ capabilities: [{ name: 'a', parameters: { p: { type: 'number', default: 77 } } }] });
    await refused(JSON.stringify(body).replace('"default":77', '"default":1e999'));
    await refused(JSON.stringify(skillBody()).replace('"weight":1', '"weight":1e999'));
  });

  it.each([
    ['__proto__ at the top', '{"__proto__": {"role": "admin"}, %}'],
    ['an escaped __proto__', '{"__pr\\u006fto__": {"role": "admin"}, %}'],
    ['__proto__ in metadata', '{"metadata": {"__proto__": "x"}, %}'],
    ['__proto__ in a list', '{"capabilities": [{"name": "a", "__proto__": null}], %}'],
    ['constructor.prototype', '{"constructor": {"prototype": {"role": "admin"}}, %}'],
    ['constructor as text', '{"constructor": "x", %}'],
    ['constructor of null', '{"constructor": null, %}'],
    ['constructor in an endpoint', '{"endpoints": [{"url": "http://a/", "constructor": null}]}'],
    ['constructor within an unknown field', '{"unknown": {"constructor": 1}, %}'],
    ['toString of null', '{"toString": null, "hasOwnProperty": 1, "then": {}, %}'],
  ])('refuses %s', async (_, template) => {
    const { name, version, endpoints } = skillBody();
    const rest = JSON.stringify({ name, version, endpoints }).slice(1, -1);
    for (const faults of await refused(template.replace('%', rest))) expect(faults).not.toEqual([]);
    expect(({} as { role?: string }).role).toBeUndefined();
  });

  it('takes or refuses, but survives, keys that every object has', async () => {
    for (const key of ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'prototype', 'length', 'then']) {
      for (const overrides of [
        { metadata: { [key]: 'x' } },
        { endpoints: [{ url: 'http://a/', parameters: { [key]: 'x' } }] },
        { capabilities: [{ name: key, parameters: { [key]: { type: 'string' as const } } }] },
        { capabilities: [{ name: 'a', parameters: { p: { type: 'object' as const, default: { [key]: null } } } }] },
      ]) {
        const answer = await api.post('/skills', skillBody(overrides));
        if (answer.status !== 201) expectError(answer, 400, 1001);
        else expect(answer.body).toMatchObject(overrides);
      }
      const filter = await api.get(`/skills?metadata.${key}=y`);
      if (filter.status === 200) expect(filter.body).toEqual([]);
      else expectError(filter, 400, 1001);
      const unknown = await api.get(`/skills?${key}=x`);
      if (unknown.status !== 200) expectError(unknown, 400, 1001);
    }
    expectError(await api.get('/skills?__proto__=x'), 400, 1001);
    expectError(await api.get('/skills?__proto__=x&__proto__=y'), 400, 1001);
    expect((await api.get('/skills?metadata.__proto__=x')).status).toBeLessThan(500);
  });

  it('keeps SQL in every field as the text that it is', async () => {
    const { body } = await api
      .post(
        '/skills',
        skillBody({
          name: SQL,
          description: SQL,
          endpoints: [{ url: `http://a/?q=');DROP%20TABLE%20skills;--"$1`, parameters: { [SQL]: SQL } }],
          capabilities: [
            {
              name: SQL,
              description: SQL,
              category: SQL,
              parameters: { [SQL]: { type: 'string', default: SQL, description: SQL } },
            },
          ],
          metadata: { [SQL]: SQL },
        }),
      )
      .expect(201);
    expect(body).toMatchObject({ name: SQL, description: SQL, metadata: { [SQL]: SQL } });
    expect(body.capabilities[0]).toMatchObject({ name: SQL, category: SQL, parameters: { [SQL]: { default: SQL } } });
    const found = new URLSearchParams({ name: SQL, capability: SQL, category: SQL, q: SQL, [`metadata.${SQL}`]: SQL });
    // Lists leave out schemas that are derived from the parameters.
    for (const capability of body.capabilities) delete capability.input_schema;
    expect((await api.get(`/skills?${found.toString()}`).expect(200)).body).toEqual([body]);
    for (const field of ['sort', 'status', 'protocol', 'version', 'skip', 'limit']) {
      expectError(await api.get(`/skills?${new URLSearchParams({ [field]: SQL }).toString()}`), 400, 1001);
    }
    expectError(await api.post('/auth/clients', { name: 'x', role: SQL, client_id: SQL }), 400, 1001);
    expect(
      (
        await app.http
          .post('/api/v1/auth/token')
          .send({ grant_type: 'client_credentials', client_id: SQL, client_secret: SQL })
      ).status,
    ).toBe(401);
  });

  it('takes names of 255 emoji, Chinese, and any plane, and finds them again', async () => {
    for (const name of ['🌦'.repeat(255), '天气'.repeat(127), '𠮷野家 👩‍👩‍👧‍👦 e\u0301', 'ﷺ']) {
      const { body } = await api.post('/skills', skillBody({ name, description: name })).expect(201);
      expect(body).toMatchObject({ name: name.normalize('NFC'), description: name });
      expect((await api.get(`/skills?name=${encodeURIComponent(name)}`)).body).toHaveLength(1);
    }
  });

  it('refuses a batch that is none, or too large', async () => {
    for (const body of [
      {},
      { skills: [] },
      { skills: {} },
      { skills: null },
      { skills: [{}], more: 1 },
      { skills: new Array(1001).fill({}) },
    ]) {
      expectError(await api.post('/skills/batch', body), 400, 1001);
    }
  });

  it.each([
    ['1', 404],
    ["';--", 404],
    [`${'0'.repeat(8)}-0000-0000-0000-${'g'.repeat(12)}`, 404],
    ['%F0%9F%8C%A6', 404],
    ['%00', 400],
    ['%20', 400],
    ['%0a', 400],
    ['x'.repeat(500), 400],
  ])('answers the id %s with %d on every route', async (id, status) => {
    const answers = [
      await api.get(`/skills/${id}`),
      await api.put(`/skills/${id}`, skillBody()),
      await api.patch(`/skills/${id}`, {}),
      await api.delete(`/skills/${id}`),
      await api.get(`/skills/${id}/status`),
      await api.put(`/skills/${id}/status`, { status: 'active' }),
      await api.post(`/skills/${id}/unregister`),
      await api.post(`/skills/${id}/heartbeat`),
    ];
    for (const answer of answers) expectError(answer, status, status === 404 ? 1004 : 1001);
    const capability = await api.put(`/capabilities/${id}/status`, { status: 'enabled' });
    expectError(capability, status, status === 404 ? 1005 : 1001);
    const listed = await api.get(`/capabilities?skill_id=${id}`);
    if (status === 404) expect(listed.body.data.total).toBe(0);
    else expectError(listed, 400, 1001);
  });
});
