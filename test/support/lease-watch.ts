import type { ServiceProcess } from './service-process.js';
import type { TestDatabase } from './test-database.js';
import { until } from './until.js';
import type { Member } from './members.js';

/** A sample of /metrics, such as `registry_leader` or `registry_leases{health="warning"}`. @throws Error without it */
export async function metric(url: string, sample: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  if (line === undefined) throw new Error(`No ${sample} in the metrics of ${url}`);
  return Number(line.slice(sample.length + 1));
}

/** Waits until one of these replicas leads. */
export async function leaderOf(replicas: readonly ServiceProcess[]): Promise<ServiceProcess> {
  let leaders: ServiceProcess[] = [];
  await until(async () => {
    const leads = await Promise.all(replicas.map(({ url }) => metric(url, 'registry_leader')));
    leaders = replicas.filter((_, index) => leads[index] === 1);
    return leaders.length === 1;
  });
  const [leader] = leaders;
  if (leader === undefined) throw new Error('Nobody leads');
  return leader;
}

/** How many of these endpoints PostgreSQL holds for unhealthy. */
export async function countUnhealthy(database: TestDatabase, members: readonly Member[]): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM skill_endpoints WHERE health = 'unhealthy' AND url = ANY($1)`,
    [urlsOf(members)],
  );
  return row?.count ?? 0;
}

export async function untilUnhealthy(
  database: TestDatabase,
  members: readonly Member[],
  timeoutMs: number,
): Promise<void> {
  let count = 0;
  await until(
    async () => (count = await countUnhealthy(database, members)) === members.length,
    timeoutMs,
    () => `${count} of ${members.length} are unhealthy`,
  );
}

/** Endpoints whose leases ended at any time, as the history has it. */
export async function endedUrls(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ endpoint_url: string }>(
    `SELECT DISTINCT endpoint_url FROM skill_events WHERE event = 'endpoint_unhealthy'`,
  );
  return rows.map(({ endpoint_url }) => endpoint_url).sort();
}

export function urlsOf(members: readonly Member[]): string[] {
  return members.map(({ url }) => url).sort();
}
