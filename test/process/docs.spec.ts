import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listPermissions, PERMISSION_TEXTS, PERMISSIONS, ROLES } from '#auth';
import {
  endServices,
  newFolderWithDatabase,
  type ServiceProcess,
  spawnService,
  startService,
} from '../support/service-process.js';
import { ensureBinary } from '../support/system-package.js';
import { until } from '../support/until.js';
import { signWebhook, parseSigningKey } from '../../libs/commands/src/callbacks/webhook-signature.js';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** Tells the status of every call on standard error; the rest is curl's own doing. */
const CURL = `curl() { command curl --write-out '%{stderr}STATUS %{http_code} %{url}\\n' "$@"; }`;

/** The shell commands of a document, as a reader types them. */
function commandsOf(file: string): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .map(([, block = '']) => block)
    .filter((block) => !block.startsWith('npm '))
    .join('\n');
}

/**
 * What a shell that runs the line would not take as it is meant, typed into zsh or bash with their defaults: comments, globs,
 * and history expansion.
 */
function surprisesOf(line: string): string[] {
  const unescaped = line.replace(/\\./g, '').replace(/'[^']*'/g, "''");
  const bare = unescaped.replace(/"[^"]*"/g, '""');
  const found = [/(?<=^|\s)#.*/, /\S*[?*[\]]\S*/, /(?<=^|\s)=\S*/, /\b(status|path)=/, /!\S*/].map(
    (kind) => kind.exec(bare)?.[0],
  );
  const histories = [...unescaped.matchAll(/"[^"]*![^"]*"/g)].map(([text]) => text);
  return [...found.filter((text) => text !== undefined), ...histories];
}

/** Runs them in the service's folder; the port of the documents becomes the service's own. */
function run(service: ServiceProcess, commands: string): { output: string; statuses: number[] } {
  const script = join(service.cwd, 'commands.sh');
  writeFileSync(script, `set -euo pipefail\n${CURL}\n${commands.replaceAll('http://localhost:8000', service.url)}`);
  const { status, stdout, stderr } = spawnSync('bash', [script], { cwd: service.cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`exit ${String(status)}\n${stdout}\n${stderr}`);
  return { output: stdout, statuses: [...stderr.matchAll(/^STATUS (\d+)/gm)].map(([, code]) => Number(code)) };
}

describe('the documents', () => {
  let service: ServiceProcess;

  beforeAll(async () => {
    ensureBinary(['curl'], ['curl']);
    service = await startService({ cwd: newFolderWithDatabase() });
  });

  afterAll(async () => {
    await endServices();
  });

  it('security: each claim names tests that exist', () => {
    const claims = readFileSync(join(ROOT, 'docs/security.md'), 'utf8').matchAll(/^\| .* \| (`.+`) +\|$/gm);
    const files = [...claims].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file));
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('shell commands can be pasted into zsh and bash as they are', () => {
    const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`);
    const surprises = ['README.md', 'CONTRIBUTING.md', ...pages.filter((page) => page.endsWith('.md'))].flatMap(
      (page) =>
        [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^ *```(?:sh|bash|zsh|shell|console)\n([^]*?)^ *```$/gm)]
          // Quoted texts can have more than one line.
          .flatMap(([, block = '']) => block.replace(/'[^']*'/g, "''").split('\n'))
          .flatMap((line) => surprisesOf(line).map((surprise) => `${page}: ${surprise}`)),
    );
    expect(surprises).toEqual([]);
    expect(surprisesOf(`curl "a?b" 'c*' 'd!e' \\?`)).toEqual([]);
    expect(surprisesOf('curl a?b "c!d" # e')).toEqual(['# e', 'a?b', '"c!d"']);
  });

  it('docs/first-skill.md: the table of roles is that of the code', () => {
    const rows = readFileSync(join(ROOT, 'docs/first-skill.md'), 'utf8').matchAll(
      /^\| (`\w+:\w+`|permission) +\|.*$/gm,
    );
    const cells = [...rows].map(([row]) => row.split('|').map((cell) => cell.trim()));
    const mayOf = (permission: (typeof PERMISSIONS)[number]): string[] =>
      ROLES.map((role) => (listPermissions(role).includes(permission) ? 'yes' : ''));
    expect(cells).toEqual([
      ['', 'permission', 'allows', ...ROLES, ''],
      ...PERMISSIONS.map((each) => ['', `\`${each}\``, PERMISSION_TEXTS[each], ...mayOf(each), '']),
    ]);
  });

  it('docs/first-skill.md: the first Skill is started, called and stopped as it is written', () => {
    const program = `(SKILL_PORT=0 exec node ${join(ROOT, 'docs/examples/first-skill.mjs')}) > skill.log 2>&1 & SKILL=$!
      trap 'kill -9 $SKILL 2> /dev/null || true' EXIT
      for i in $(seq 100); do grep -q ^registered skill.log && break; sleep 0.05; done`;
    const commands = commandsOf('docs/first-skill.md').replace('node docs/examples/first-skill.mjs', program);
    const { output, statuses } = run(service, `${commands}\nkill $SKILL; wait $SKILL; cat skill.log`);
    expect(statuses).toEqual([200, 201, 200, 200, 200, 200, 200]);
    expect(output).toMatch(/^Hello Ada\n1\n2\n.*"greetings" ?: ?2[^]*drain: done\nunregister: done\n$/);
  });

  it('README and docs/calling-skills.md: the first calls work as they are written', async () => {
    const skill = spawnService({
      cwd: service.cwd,
      program: '../../sample-skill/src/main.js',
      env: { SKILL_REGISTRY_URL: `${service.url}/api/v1`, SAMPLE_SKILL_PORT: '0' },
    });
    await until(
      () => skill.output.includes('ready'),
      15_000,
      () => skill.output,
    );
    const { output, statuses } = run(service, commandsOf('README.md') + commandsOf('docs/calling-skills.md'));
    await skill.stop();
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 200]);
    expect(output.match(/"total":1/g)).toHaveLength(2);
    expect(output).toContain('"name":"weather.forecast"');
    expect(output).toContain('"status":"completed"');
    expect(output).toContain('"health":"healthy"');
    expect(output).toContain('registry_skills{status="active"} 2');
  });

  it('docs/api.md: every call works as it stands', () => {
    const { output, statuses } = run(service, commandsOf('docs/api.md'));
    const unusual = statuses.filter((status) => status !== 200);
    // createClient, createApiKey, rotateApiKey and its DELETE, createSkill, If-None-Match, the Skills with parameters, with
    // secrets and with schemas, two asynchronous calls, DELETE, and the example of an error.
    expect(unusual).toEqual([201, 201, 201, 204, 201, 304, 201, 204, 201, 204, 201, 204, 202, 202, 204, 400]);
    expect(statuses.length).toBeGreaterThan(25);
    expect(output).not.toContain('"total":0');
    expect(output).not.toContain('undefined');
  });

  it('docs/calling-skills.md: the receiver takes what is signed, and nothing else', async () => {
    const [, program = ''] =
      /^```js\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, 'docs/calling-skills.md'), 'utf8')) ?? [];
    const file = join(service.cwd, 'receiver.mjs');
    writeFileSync(file, program);
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const env = { ...process.env, CALLBACK_SIGNING_SECRET: secret, PORT: '0', NODE_OPTIONS: '' };
    const receiver = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let output = '';
      receiver.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await until(() => output.includes('listening on '));
      const port = /listening on (\d+)/.exec(output)?.[1] ?? '';
      const post = async (body: string, seconds: number, signed = body): Promise<number> => {
        const signature = signWebhook(parseSigningKey(secret), 'an-id', seconds, signed);
        const headers = { 'webhook-id': 'an-id', 'webhook-timestamp': String(seconds), 'webhook-signature': signature };
        return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status;
      };
      const now = Math.floor(Date.now() / 1000);
      const body = JSON.stringify({ execution_id: 'an-id', status: 'completed', result: { text: 'ü' } });
      expect(await post(body, now)).toBe(204);
      await until(() => output.includes('an-id completed'));
      expect(await post(body, now, '{}')).toBe(401);
      expect(await post(body, now - 3_600)).toBe(401);
      expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })).status).toBe(401);
    } finally {
      receiver.kill();
    }
  });
});
