/*
 * Fills a registry of the first release (2ea568c) over its own API, and writes what it answers to every read: beside the
 * dump of its database, answers.json is what an upgrade is measured by. Run once, as README.md says.
 *
 *   node fill.mjs http://localhost:8000 ADMIN_SECRET > answers.json
 */
import { request } from 'node:http';

const [base, adminSecret] = process.argv.slice(2);
const text = (length, of = 'ä') => of.repeat(length).slice(0, length);

async function call(method, path, token, body, headers = {}) {
  const url = new URL(`${base}/api/v1${path}`);
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await new Promise((resolve, reject) => {
    const message = request(url, { method, agent: false }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (part) => (received += part));
      response.on('end', () => resolve({ status: response.statusCode, received, headers: response.headers }));
    });
    message.on('error', reject);
    if (token) message.setHeader('authorization', `Bearer ${token}`);
    if (sent) message.setHeader('content-type', 'application/json');
    for (const [name, value] of Object.entries(headers)) message.setHeader(name, value);
    message.end(sent);
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.received}`);
  return { body: answer.received === '' ? undefined : JSON.parse(answer.received), headers: answer.headers };
}

const tokenOf = async (client_id, client_secret) =>
  (await call('POST', '/auth/token', undefined, { grant_type: 'client_credentials', client_id, client_secret })).body
    .access_token;

const admin = await tokenOf('admin', adminSecret);
const credentials = { admin: adminSecret };
for (const role of ['operator', 'publisher', 'agent', 'viewer']) {
  const { body } = await call('POST', '/auth/clients', admin, {
    client_id: `the-${role}`,
    name: `${role} “Ω” 团队`,
    role,
  });
  credentials[body.client_id] = body.client_secret;
}
const publisher = await tokenOf('the-publisher', credentials['the-publisher']);

const ODD = `O'Reilly "quoted" \\ back\\\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>\ttab\nline`;
const skills = [
  [
    publisher,
    {
      name: 'weather-skill',
      description: 'Weather forecast skill',
      version: '1.2.3',
      endpoints: [
        { url: 'http://localhost:8001', weight: 3, parameters: { health_path: '/health', timeout_ms: '1500' } },
        { url: 'wss://weather.example:8443/ws?tenant=a%20b', protocol: 'wss', status: 'inactive' },
      ],
      capabilities: [
        {
          name: 'forecast',
          category: 'weather',
          parameters: {
            city: { type: 'string', required: true, description: 'Name of the city' },
            days: { type: 'number', default: 3 },
            units: { type: 'object', default: { temperature: 'K', wind: ['m/s', null] } },
            exact: { type: 'boolean', default: false },
            hours: { type: 'array', default: [] },
          },
        },
        { name: 'history', version: '0.0.1', status: 'disabled' },
      ],
      metadata: { region: 'eu', tier: 'gold' },
    },
  ],
  [publisher, { name: 'weather-skill', version: '2.0.0', endpoints: [{ url: 'https://weather.example/v2' }] }],
  [
    publisher,
    {
      name: '天气预报 技能 🌦️',
      description: 'توقعات الطقس · 天気 · Wetter für Zürich · e\u0301 · \u200d',
      version: '999999999.0.10',
      endpoints: [{ url: 'http://[::1]:8001/路径?q=ß', weight: 1_000_000 }],
      capabilities: [{ name: '翻译', category: '语言', description: '把文本翻译成另一种语言' }],
      metadata: { 地区: '上海', 'a.b-c d': '***' },
    },
  ],
  [
    admin,
    {
      name: ODD.slice(0, 60),
      description: ODD,
      version: '0.0.0',
      endpoints: [{ url: 'http://odd.example/%27%22?a=1&b=%00', parameters: { [`k'"\\`]: ODD } }],
      capabilities: [{ name: ODD.slice(0, 80), parameters: { [`p'"\\`]: { type: 'string', default: ODD } } }],
      metadata: { __proto__x: '{"secret":true}', [`m'"\\`]: ODD, empty: ' ', null: 'null', undefined: 'true' },
    },
  ],
  [
    publisher,
    {
      name: text(255, '长'),
      description: text(1024, '述'),
      version: '123456789.123456789.123456789',
      endpoints: [{ url: `https://long.example/${text(491, 'u')}`, parameters: { [text(64, 'k')]: text(512, '值') } }],
      capabilities: [{ name: text(255, '能'), category: text(64, '类'), description: text(1024, 'd') }],
      metadata: { [text(64, '键')]: text(512, '🌦') },
    },
  ],
];
const created = [];
for (const [token, body] of skills) created.push((await call('POST', '/skills/', token, body)).body.skill_id);
// Registered twice (a second replica adds its endpoint), changed, under maintenance, and gone.
const replicas = { name: 'replicated-skill', version: '1.0.0', capabilities: [{ name: 'echo' }] };
let replicated;
for (const host of ['one', 'two']) {
  const endpoints = [{ url: `http://${host}.example:9000` }];
  replicated = (await call('POST', '/skills/register', publisher, { ...replicas, endpoints })).body.data.skill_id;
}
await call('PATCH', `/skills/${created[0]}`, publisher, { metadata: { tier: null, owner: 'Ünï' } });
await call('PUT', `/skills/${created[1]}/status`, publisher, { status: 'maintenance' });
await call('PATCH', `/skills/${created[2]}`, publisher, { status: 'inactive' });
const gone = { name: 'gone-skill', version: '1.0.0', endpoints: [{ url: 'http://gone.example' }] };
const { data } = (await call('POST', '/skills/register', publisher, gone, { 'idempotency-key': 'gone-1' })).body;
await call('POST', `/skills/${data.skill_id}/unregister`, publisher);
await call('POST', '/skills/batch', publisher, {
  skills: Array.from({ length: 5 }, (_, n) => ({
    ...{ name: `batch-${n}`, version: '1.0.0', metadata: { n: String(n) } },
    endpoints: [{ url: `http://batch.example/${n}`, status: n === 4 ? 'inactive' : 'active' }],
    capabilities: [{ name: 'batched', category: `c${n % 2}` }],
  })),
});

const ids = [...created, replicated];
const lists = [
  '/skills/?limit=1000&sort=name',
  '/skills/?status=maintenance',
  '/skills/?metadata.region=eu&protocol=http',
  '/skills/?metadata.a.b-c%20d=***',
  `/skills/?q=${encodeURIComponent('翻译')}`,
  '/skills/?name=weather-skill&version=%5E1.1&sort=-version',
  '/skills/discover?page_size=100',
  '/skills/discover?capability=forecast',
  '/skills/discover?category=weather&page=1&page_size=10',
  '/capabilities?name=batched&page_size=100',
  '/auth/clients?limit=1000',
];
const answers = {};
for (const path of ids.flatMap((id) => [`/skills/${id}`, `/skills/${id}/status`])) {
  answers[path] = (await call('GET', path, admin)).body;
}
/** Of lists the order and the size: what is in them is read one by one. */
const found = {};
for (const path of lists) {
  const { body, headers } = await call('GET', path, admin);
  const items = Array.isArray(body) ? body : (body.data.skills ?? body.data.capabilities);
  const total = Number(headers['x-total-count'] ?? body.data?.total ?? items.length);
  found[path] = { total, ids: items.map((item) => item.capability_id ?? item.skill_id ?? item.client_id) };
}
process.stdout.write(`${JSON.stringify({ credentials, answers, found }, null, 2)}\n`);
