import type { OpenAPIObject } from '@nestjs/swagger';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What Swagger UI fills in for one operation, beside the examples of its parameters. */
interface Example {
  body?: unknown;
  /** Instead of the examples of the parameters. */
  parameters?: Record<string, string>;
  /** A part of the answer that later operations take as a parameter. */
  yields?: { parameter: string; pointer: string; for: readonly string[] };
}

/** What `apps/sample-skill` registers. */
const SAMPLE = { skill_id: 'weather', capability: 'weather.forecast' };
/** What the examples register. */
const REGISTERED = 'weather-skill-001';
const IN_BATCH = 'translator-001';
const CALL = { capability: SAMPLE.capability, parameters: { city: 'Berlin', days: 2 } };

/** As in the published interface (AI Bridge v0.6.0, Skill interface). */
const WEATHER_SKILL = {
  name: 'weather-skill',
  description: 'Weather forecast skill',
  version: '1.0.0',
  endpoints: [{ url: 'http://localhost:8001', protocol: 'http', weight: 1 }],
  capabilities: [
    {
      name: 'forecast',
      category: 'weather',
      parameters: { city: { type: 'string', required: true, description: 'Name of the city' } },
    },
  ],
};

function buildSkill(name: string, port: number, capability: string): object {
  return {
    name,
    version: '1.0.0',
    endpoints: [{ url: `http://localhost:${port}` }],
    capabilities: [{ name: capability, category: 'text' }],
  };
}

/**
 * By operationId. In the order of the document, each succeeds on a fresh development start with the sample Skill running
 * (test/process/sample-skill.spec.ts, docs/adr/0055). What changes or removes something does so to what the examples made.
 */
const EXAMPLES: Readonly<Record<string, Example>> = {
  // Swagger UI sends the client id and secret of its form: swagger-ui.ts.
  getToken: { body: { grant_type: 'client_credentials' } },
  introspectToken: { body: { token: 'the token' } },
  revokeToken: { body: { token: 'the token' } },
  registerSkill: {
    body: { skill_id: REGISTERED, ...WEATHER_SKILL },
    yields: {
      parameter: 'skill_id',
      pointer: '/data/skill_id',
      for: ['heartbeat', 'changeSkillStatus', 'drainSkill', 'unregisterSkill'],
    },
  },
  registerSkills: {
    body: {
      skills: [
        { skill_id: IN_BATCH, ...buildSkill('translator', 8002, 'translate') },
        { skill_id: 'summarizer-001', ...buildSkill('summarizer', 8003, 'summarize') },
      ],
    },
    yields: {
      parameter: 'skill_id',
      pointer: '/data/results/0/skill_id',
      for: ['replaceSkill', 'patchSkill', 'deleteSkill'],
    },
  },
  heartbeat: {
    parameters: { skill_id: REGISTERED },
    body: {
      endpoint_url: 'http://localhost:8001',
      health: 'healthy',
      uptime: 3600,
      request_count: 1024,
      error_count: 3,
    },
  },
  heartbeats: { body: { heartbeats: [{ skill_id: REGISTERED, health: 'healthy' }, { skill_id: IN_BATCH }] } },
  changeSkillStatus: { parameters: { skill_id: REGISTERED }, body: { status: 'maintenance' } },
  drainSkill: { parameters: { skill_id: REGISTERED }, body: { endpoint_url: 'http://localhost:8001' } },
  unregisterSkill: { parameters: { skill_id: REGISTERED }, body: {} },
  executeCommand: {
    body: { command_id: 'my-first-call', ...CALL },
    yields: { parameter: 'execution_id', pointer: '/data/execution_id', for: ['getExecution'] },
  },
  executeCommands: {
    body: {
      commands: [
        { command_id: 'my-second-call', ...CALL },
        // The sample Skill takes callbacks.
        { command_id: 'my-asynchronous-call', ...CALL, callback_url: 'http://localhost:8100/callbacks' },
      ],
    },
    yields: {
      parameter: 'execution_id',
      pointer: '/data/results/1/execution/execution_id',
      for: ['cancelExecution', 'redeliverCallback'],
    },
  },
  createChannel: {
    body: { skill_id: SAMPLE.skill_id, capability_id: SAMPLE.capability, metadata: { purpose: 'travel plans' } },
    yields: {
      parameter: 'channel_id',
      pointer: '/data/channel_id',
      for: ['getChannel', 'getChannelContext', 'putChannelContext', 'closeChannel'],
    },
  },
  putChannelContext: { body: { city: 'Berlin' } },
  createSkill: { body: buildSkill('note-taker', 8004, 'take-notes') },
  replaceSkill: { parameters: { skill_id: IN_BATCH }, body: buildSkill('translator', 8005, 'translate') },
  patchSkill: { parameters: { skill_id: IN_BATCH }, body: { description: 'Translates texts' } },
  deleteSkill: { parameters: { skill_id: IN_BATCH } },
  changeCapabilityStatus: { body: { skill_id: SAMPLE.skill_id, status: 'enabled' } },
  shareName: { body: { client_ids: [] } },
  transferName: { body: { client_id: 'admin' } },
  freeName: { parameters: { name: 'translator' } },
  createClient: {
    body: { client_id: 'weather-team', name: 'Weather team', role: 'publisher' },
    yields: {
      parameter: 'client_id',
      pointer: '/client_id',
      for: [
        'rotateClientSecret',
        'createApiKey',
        'listApiKeys',
        'rotateApiKey',
        'getApiKey',
        'patchApiKey',
        'deleteApiKey',
        'getClient',
        'patchClient',
        'deleteClient',
      ],
    },
  },
  patchClient: { body: { name: 'Weather and traffic team' } },
  rotateClientSecret: { body: { overlap: 3600 } },
  createApiKey: {
    body: { name: 'nightly build', scopes: ['skill:read'] },
    yields: {
      parameter: 'key_id',
      pointer: '/key_id',
      for: ['rotateApiKey', 'getApiKey', 'patchApiKey', 'deleteApiKey'],
    },
  },
  patchApiKey: { body: { name: 'weekly build' } },
  rotateApiKey: { body: { overlap: 3600 } },
};

/** Writes the example of an operation into it. */
export function setExample(operation: OperationObject): void {
  const { body, parameters = {}, yields } = EXAMPLES[operation.operationId ?? ''] ?? {};
  for (const parameter of operation.parameters ?? []) {
    if ('name' in parameter && parameters[parameter.name] !== undefined) parameter.example = parameters[parameter.name];
  }
  if (body !== undefined && operation.requestBody && 'content' in operation.requestBody) {
    for (const content of Object.values(operation.requestBody.content)) content.example = body;
  }
  if (yields) setLinks(operation, yields);
}

function setLinks(
  operation: OperationObject,
  { parameter, pointer, for: targets }: NonNullable<Example['yields']>,
): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!status.startsWith('2') || !response || !('description' in response)) continue;
    response.links = Object.fromEntries(
      targets.map((operationId) => [
        operationId,
        { operationId, parameters: { [parameter]: `$response.body#${pointer}` } },
      ]),
    );
  }
}
