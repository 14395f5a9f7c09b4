import { skillBody } from '../support/skill.factory.js';
import { ADMIN_SECRET, startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.js';
import { apiOf } from './api.js';

export interface Registered {
  id: string;
  name: string;
  version: string;
  owner: string;
  generation: number;
  endpoints: { url: string; status: string }[];
  metadata: Record<string, string>;
  last_heartbeat: string;
}

/** Every Skill, dead ones too. */
export async function skillsOf(app: TestApp): Promise<Registered[]> {
  const { body } = await apiOf(app).get('/skills/?include=unhealthy&limit=1000').expect(200);
  return body as Registered[];
}

export async function namesOf(app: TestApp): Promise<string[]> {
  return (await skillsOf(app)).map(({ name }) => name).sort();
}

export async function find(app: TestApp, name: string): Promise<Registered | undefined> {
  return (await skillsOf(app)).find((skill) => skill.name === name);
}

export const has = (app: TestApp, name: string) => async (): Promise<boolean> => (await find(app, name)) !== undefined;
export const hasNot = (app: TestApp, name: string) => async (): Promise<boolean> =>
  (await find(app, name)) === undefined;

export async function health({ http }: TestApp): Promise<{ status: string; checks: Record<string, unknown> }> {
  const { body } = await http.get('/health').expect(200);
  return body as { status: string; checks: Record<string, unknown> };
}

/** A Skill that holds no lease here. */
export async function create(app: TestApp, overrides = {}): Promise<Registered> {
  const { body } = await apiOf(app).post('/skills/', skillBody(overrides)).expect(201);
  return body as Registered;
}

export const warnings = ({ logs }: TestApp): string[] =>
  logs
    .map((line) => JSON.parse(line) as { level: string; context?: string; msg: string })
    .filter(({ level, context }) => context === 'membership' && level !== 'info')
    .map(({ msg }) => msg);

const running: TestApp[] = [];

/**
 * A service; `upstream` is the URL of the registry that it is a member of. A member comes five times a second, and its
 * own leases last 0.6 s: one that has members of its own needs `heartbeatMs: 1_000`.
 */
export async function start(
  name: string,
  upstream?: string,
  env: Record<string, string> = {},
  { database, heartbeatMs = upstream === undefined ? 1_000 : 200 }: Omit<TestAppOptions, 'env'> = {},
): Promise<TestApp> {
  const app = await startTestApp({
    ...(database && { database }),
    heartbeatMs,
    env: {
      AI_BRIDGE_REGISTRY_URL: upstream === undefined ? '' : `${upstream}/api/v1/skills/register`,
      AI_BRIDGE_CLIENT_ID: 'admin',
      AI_BRIDGE_CLIENT_SECRET: ADMIN_SECRET,
      APP_NAME: name,
      ...env,
    },
  });
  running.push(app);
  return app;
}

export async function close(app: TestApp): Promise<void> {
  running.splice(running.indexOf(app), 1);
  await app.close();
}

/** Members first. */
export async function closeAll(): Promise<void> {
  for (const app of [...running].reverse()) await close(app);
}
