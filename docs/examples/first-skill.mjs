// A Skill in one file, without packages: Node 20 or newer. docs/first-skill.md explains it.
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const REGISTRY = process.env.SKILL_REGISTRY_URL ?? 'http://localhost:8000/api/v1';
const CLIENT_ID = process.env.SKILL_REGISTRY_CLIENT_ID ?? '';
const CLIENT_SECRET = process.env.SKILL_REGISTRY_CLIENT_SECRET ?? '';
const HOST = process.env.SKILL_HOST ?? '127.0.0.1';
const PORT = Number(process.env.SKILL_PORT ?? 8200);
const MAX_BODY_BYTES = 1_048_576;

// ---- What this Skill does: change this part ----

const SKILL = {
  skill_id: 'node-greeter',
  name: 'node-greeter',
  version: '1.0.0',
  description: 'Greets people, and counts the greetings of a channel',
  capabilities: [
    {
      capability_id: 'greet',
      name: 'greet',
      category: 'demo',
      description: 'Greets somebody',
      parameters: { name: { type: 'string', required: true, description: 'Who is greeted' } },
    },
  ],
};

/** Returns the result, and the entries of the channel's context that change. Throw to answer `failed`. */
function greet({ name }, caller, context) {
  const greetings = (context.greetings ?? 0) + 1;
  return { result: { text: `Hello ${name}`, caller, greetings }, context: { greetings } };
}

const CAPABILITIES = new Map([['greet', greet]]);

/** While this is not `healthy`, the Skill gets no calls (`unhealthy`) or fewer (`warning`): a database may be away. */
function readHealth() {
  return 'healthy';
}

// ---- The registry ----

const log = (line) => process.stdout.write(`${line}\n`);
const left = new AbortController();
let url = '';
let token;
let registration;

class Refusal extends Error {}

async function send(path, body, headers) {
  const options = { method: 'POST', body, headers, redirect: 'error', signal: AbortSignal.timeout(5_000) };
  const response = await fetch(REGISTRY + path, options);
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : {} };
}

async function fetchToken() {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
  });
  const { status, body } = await send('/auth/token', form);
  if (status === 400 || status === 401) throw new Refusal(`no token: ${body.error_description}`);
  if (status !== 200) throw new Error(`no token: ${status}`);
  return body.access_token;
}

/** Tokens expire: after 401 it sends the request once more with a new one. */
async function call(path, body) {
  for (let isRepeated = false; ; isRepeated = true) {
    token ??= await fetchToken();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await send(path, JSON.stringify(body), headers);
    if (answer.status !== 401 || isRepeated) return answer;
    token = undefined;
  }
}

/** Returns the seconds until the first heartbeat. */
async function register() {
  const { status, body } = await call('/skills/register', { ...SKILL, endpoints: [{ url, health: readHealth() }] });
  const reason = `registration: ${status} ${body.message} ${JSON.stringify(body.details ?? [])}`;
  if ([400, 401, 403, 409].includes(status)) throw new Refusal(reason);
  if (status !== 200) throw new Error(reason);
  registration = body.data;
  log(`registered ${registration.skill_id} at ${url}, generation ${registration.generation}`);
  return registration.interval;
}

/** Returns the seconds until the next heartbeat. */
async function beat() {
  const { skill_id, generation } = registration;
  const { status, body } = await call(`/skills/${skill_id}/heartbeat`, {
    endpoint_url: url,
    generation,
    health: readHealth(),
  });
  if (status === 200) return body.data.interval;
  if (status === 409) throw new Refusal('a newer registration has replaced this one');
  if (status !== 404) throw new Error(`heartbeat: ${status} ${body.message}`);
  log('the registry does not know this endpoint any more');
  registration = undefined;
  return 0;
}

/** Registers, and sends heartbeats until `left` is aborted; after a failure, again with a growing pause. */
async function keepRegistered() {
  for (let failures = 0; !left.signal.aborted;) {
    let seconds;
    try {
      seconds = registration ? await beat() : await register();
      failures = 0;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      failures += 1;
      seconds = Math.min(30, 2 ** failures) * (0.5 + Math.random() / 2);
      log(`${error.message}; trying again in ${Math.round(seconds)} s`);
    }
    await sleep(seconds * 1_000, undefined, { signal: left.signal }).catch(() => undefined);
  }
}

// ---- Calls ----

class CallError extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
let keys = new Map();
let fetchKeysAfter = 0;

/** The registry's public key. An unknown one is looked up, at most every ten seconds. */
async function findKey(kid) {
  if (!keys.has(kid) && Date.now() >= fetchKeysAfter) {
    fetchKeysAfter = Date.now() + 10_000;
    const address = `${REGISTRY.replace(/\/api\/v1$/, '')}/.well-known/jwks.json`;
    const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(5_000) });
    keys = new Map((await response.json()).keys.map((key) => [key.kid, key]));
  }
  return keys.get(kid);
}

/** Returns the client that calls: `sub` of a JWT that the registry has signed for this Skill. */
async function checkCaller(header = '') {
  if (!registration) throw new CallError(503, 1008, 'Not registered yet');
  try {
    const [head, claims, signature] = header.split('.');
    const { kid, alg } = decode(head);
    const jwk = await findKey(kid);
    if (!jwk || jwk.alg !== alg) throw new Error('unknown key');
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
    const hash = alg === 'EdDSA' ? null : 'sha256';
    const isGenuine = verify(hash, Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'));
    const { sub, aud, exp } = decode(claims);
    if (isGenuine && aud === `skill:${registration.skill_id}` && exp > Date.now() / 1_000) return sub;
  } catch (error) {
    log(`caller refused: ${error.message}`);
  }
  throw new CallError(401, 1002, 'x-ooder-caller is not valid for this Skill');
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new CallError(413, 1001, 'The body is too long');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new CallError(400, 1001, 'The body is not JSON');
  }
}

/** Answers by command: one that comes again, because its answer was lost, gets the same answer. */
const answers = new Map();

async function execute(handler, { parameters = {}, context = {}, channel_id }, caller) {
  try {
    const { result, context: changes } = await handler(parameters, caller, context);
    return { status: 'completed', result, ...(channel_id && { context: changes }) };
  } catch (error) {
    return { status: 'failed', error: error.message };
  }
}

function run(command, caller) {
  const handler = CAPABILITIES.get(command.capability);
  if (!handler) throw new CallError(404, 1005, 'This Skill has no such capability');
  const data = answers.get(command.command_id) ?? execute(handler, command, caller);
  answers.set(command.command_id, data);
  if (answers.size > 1_000) answers.delete(answers.keys().next().value);
  return data;
}

async function answer(request) {
  if (request.method === 'GET' && request.url === '/health') return { status: readHealth() };
  if (request.method !== 'POST' || request.url !== '/api/v1/commands/execute') {
    throw new CallError(404, 1010, 'There is no such route');
  }
  const caller = await checkCaller(request.headers['x-ooder-caller']);
  return { code: 0, message: 'success', data: await run(await readBody(request), caller) };
}

const server = createServer(async (request, response) => {
  let status = 200;
  let body;
  try {
    body = await answer(request);
  } catch (error) {
    if (!(error instanceof CallError)) log(error.stack);
    const { status: known, code, message } = error instanceof CallError ? error : new CallError(500, 1007, 'Error');
    status = known;
    body = { code, message, details: [] };
    if (status === 413) response.setHeader('connection', 'close');
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

// ---- Start and end ----

server.listen(PORT, HOST);
await once(server, 'listening');
url = process.env.SKILL_URL ?? `http://${HOST}:${server.address().port}`;

const registered = keepRegistered();
registered.catch((error) => {
  log(`stopped: ${error.message}`);
  process.exit(1);
});

/** `action`: drain or unregister this endpoint. Whatever the registry answers, the Skill ends. */
async function leaveBy(action) {
  if (!registration) return;
  const { skill_id, generation } = registration;
  const answer = await call(`/skills/${skill_id}/${action}`, { endpoint_url: url, generation }).catch((error) => error);
  log(answer.status === 200 ? `${action}: done` : `${action}: ${answer.status ?? answer.message}`);
}

/** Gets no new calls, finishes those in flight, and unregisters (docs/heartbeats.md, "Leaving and draining"). */
async function leave() {
  await leaveBy('drain');
  await sleep(1_000);
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
  left.abort();
  await registered;
  await leaveBy('unregister');
}

let isLeaving = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (isLeaving) return;
    isLeaving = true;
    leave().finally(() => process.exit(0));
  });
}
