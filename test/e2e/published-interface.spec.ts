import { BEHAVIOURS } from '../support/skill-server.js';
import { CallSite } from './calls.js';

type Json = Record<string, unknown>;

/** The published calls (protocol.md section 12): method, path, fields that are sent, fields of `data` that are read. */
const CALLS = {
  register: [
    'post',
    '/skills/register',
    'skill_id name description version endpoints capabilities metadata',
    'skill_id status registered_at',
  ],
  discover: ['get', '/skills/discover', 'capability category status page page_size', 'total page page_size skills'],
  status: ['get', '/skills/{skill_id}/status', '', 'skill_id status health uptime request_count error_count'],
  changeStatus: ['put', '/skills/{skill_id}/status', 'status', 'skill_id status updated_at'],
  capabilities: ['get', '/capabilities', 'name skill_id', 'total page page_size capabilities'],
  execute: [
    'post',
    '/commands/execute',
    'command_id skill_id capability_id parameters metadata timeout',
    'execution_id status result output error started_at completed_at',
  ],
  createChannel: [
    'post',
    '/channels/create',
    'skill_id capability_id metadata',
    'channel_id skill_id capability_id status created_at expiry_time',
  ],
  unregister: ['post', '/skills/{skill_id}/unregister', 'skill_id', 'skill_id status unregistered_at'],
} as const;
type Call = keyof typeof CALLS;

const CAPABILITY_FIELDS = ['capability_id', 'name', 'description', 'category', 'version'];
const SKILL_FIELDS = [
  'skill_id',
  'name',
  'description',
  'version',
  'endpoints',
  'capabilities',
  'status',
  'registered_at',
];

const published = (skill_id: string, url: string, name = 'temperature-converter') => ({
  skill_id,
  name,
  description: 'Converts temperatures',
  version: '1.0.0',
  endpoints: [{ url, protocol: 'http', weight: 1 }],
  capabilities: [
    {
      capability_id: 'convert',
      name: 'convert',
      description: 'From one unit to another',
      category: 'conversion',
      version: '1.0.0',
      parameters: { value: { type: 'number', required: true, description: 'Degrees' } },
    },
  ],
  metadata: { author: 'acme' },
});

describe('the published interface', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(async () => {
    await site.stopSkills();
    await site.app.close();
  });

  /** A client that knows nothing but the table: it sends these fields, and needs these fields in the answer. */
  const call = async (name: Call, values: Json): Promise<Json> => {
    const [method, template, sent, read] = CALLS[name];
    const path = template.replace('{skill_id}', encodeURIComponent(String(values.skill_id)));
    const body = Object.fromEntries(
      sent.split(' ').flatMap((field) => (field in values ? [[field, values[field]]] : [])),
    );
    const query = new URLSearchParams(body as Record<string, string>).toString();
    const response = await (method === 'get' ? site.admin.get(`${path}?${query}`) : site.admin[method](path, body));
    expect({ name, status: response.status, code: response.body.code }).toEqual({ name, status: 200, code: 0 });
    const data = response.body.data as Json;
    for (const field of read.split(' ')) expect(data).toHaveProperty(field);
    return data;
  };

  it.each([
    ['temperature_converter_001', 'temperature-converter'],
    ['温度/转换 №1', 'another-converter'],
  ])('serves a client that sends and reads nothing else, with the id %s', async (skill_id, name) => {
    const { url, calls } = await site.serveOne(BEHAVIOURS.echo);
    const body = published(skill_id, url, name);
    const target = { skill_id, capability_id: 'convert' };
    expect(await call('register', body)).toMatchObject({ skill_id, status: 'registered' });
    const filter = { capability: 'convert', category: 'conversion', status: 'active', page: 1, page_size: 10 };
    const { skills, ...page } = await call('discover', filter);
    expect(page).toMatchObject({ total: 1, page: 1, page_size: 10 });
    const [skill = {}] = skills as Json[];
    for (const field of SKILL_FIELDS) expect(skill).toHaveProperty(field);
    const { parameters: _, ...capability } = body.capabilities[0] ?? {};
    expect(skill).toMatchObject({
      skill_id,
      name,
      endpoints: body.endpoints,
      capabilities: [capability],
      status: 'active',
    });
    expect(await call('status', { skill_id })).toMatchObject({ skill_id, status: 'active', health: 'healthy' });
    const { capabilities } = await call('capabilities', { name: 'convert', skill_id });
    const listed = { ...body.capabilities[0], skill_id, status: 'enabled' };
    expect(capabilities).toMatchObject([listed]);
    for (const field of CAPABILITY_FIELDS) expect((capabilities as Json[])[0]).toHaveProperty(field);
    const command = {
      command_id: `c-${name}`,
      ...target,
      parameters: { value: 21 },
      metadata: { trace: 't' },
      timeout: 5000,
    };
    expect(await call('execute', command)).toMatchObject({ status: 'completed', result: { value: 21 }, error: null });
    expect(calls[0]?.body).toMatchObject(target);
    expect(await call('createChannel', { ...target, metadata: { k: 'v' } })).toMatchObject({
      ...target,
      status: 'open',
    });
    expect(await call('changeStatus', { skill_id, status: 'maintenance' })).toMatchObject({
      skill_id,
      status: 'maintenance',
    });
    expect(await call('discover', filter)).toMatchObject({ total: 0 });
    expect(await call('unregister', { skill_id })).toMatchObject({ skill_id, status: 'unregistered' });
  });

  it('says as a text why a call has failed', async () => {
    const { url } = await site.serveOne((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ code: 0, message: 'success', data: { status: 'failed', error: 'below absolute zero' } }),
      );
    });
    const skill_id = 'failing_converter';
    await call('register', published(skill_id, url, skill_id));
    const command = { command_id: 'c-failing', skill_id, capability_id: 'convert', parameters: { value: -300 } };
    expect(await call('execute', command)).toMatchObject({ status: 'failed', error: 'below absolute zero' });
  });
});
