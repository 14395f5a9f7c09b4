import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { OwnPostgres } from '../support/own-postgres.js';
import { terminateSessions } from '../support/test-database.js';
import { type Findings, scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const PAUSE_MS = 20_000;
const KILLS = 8;
const KILL_EVERY_MS = 700;
const HELD_MS = 12_000;
/** Time-out of statements in that scenario, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Reserve for a busy machine, in milliseconds. */
const AIR_MS = 3_000;
/** Wait for a connection (5 s), and a statement (15 s). */
const ANSWERED_WITHIN_MS = 20_000 + AIR_MS;

async function start(findings: Findings, env: Record<string, string> = {}): Promise<[FaultSite, OwnPostgres]> {
  const postgres = await OwnPostgres.start();
  return [await FaultSite.start(findings, { replicas: 2, database: postgres, env }), postgres];
}

for (const [name, signal, how] of [
  ['postgres-restarted', 'SIGINT', 'is restarted (a fast shutdown)'],
  ['postgres-crashed', 'SIGKILL', 'is killed, and recovers from its log'],
] as const) {
  scenario(
    {
      name,
      promise: 'no acknowledged write is lost; the service works again by itself; no lease ends early',
      fault: `PostgreSQL ${how}, twice`,
      withinS: 150,
    },
    async (findings) => {
      const [site, postgres] = await start(findings);
      let longest = 0;
      for (let time = 1; time <= 2; time += 1) {
        const moment = performance.now();
        postgres.restart(signal);
        longest = Math.max(longest, await site.recovered(moment));
      }
      findings.figures({ 'recovery s': longest / 1000 });
      await site.check();
    },
  );
}

scenario(
  {
    name: 'postgres-paused',
    promise: 'requests are answered in bounded time; the service works again by itself; no lease ends early',
    fault: 'PostgreSQL stands still for 20 s (SIGSTOP of all its processes)',
    withinS: 150,
  },
  async (findings) => {
    const [site, postgres] = await start(findings);
    postgres.pause();
    findings.atEnd(() => {
      postgres.resume();
    });
    await delay(PAUSE_MS);
    postgres.resume();
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectAnsweredWithin(ANSWERED_WITHIN_MS);
    await site.check();
  },
);

scenario(
  {
    name: 'postgres-connections-killed',
    promise: 'requests in flight fail or are done, never half done; the next request has a new connection',
    fault: `pg_terminate_backend of all sessions, ${KILLS} times`,
    withinS: 120,
  },
  async (findings) => {
    const [site, postgres] = await start(findings);
    let sessions = 0;
    for (let time = 1; time <= KILLS; time += 1) {
      sessions += await terminateSessions(postgres);
      await delay(KILL_EVERY_MS);
    }
    findings.figures({ sessions, 'recovery s': (await site.recovered()) / 1000 });
    await site.check();
  },
);

scenario(
  {
    name: 'postgres-pool-exhausted',
    promise: 'requests are answered in bounded time, and heartbeats at once; the service works again by itself',
    fault: 'the table of Skills is locked for 12 s, with a pool of 3 connections; statements may take 5 s',
    withinS: 150,
  },
  async (findings) => {
    const [site, postgres] = await start(findings, {
      DATABASE_POOL_SIZE: '2',
      DATABASE_MAX_OVERFLOW: '1',
      DATABASE_STATEMENT_TIMEOUT: String(STATEMENT_TIMEOUT_MS),
      DATABASE_CONNECT_TIMEOUT: String(CONNECT_TIMEOUT_MS),
    });
    const holder = new pg.Client({ connectionString: postgres.url });
    await holder.connect();
    findings.atEnd(() => holder.end());
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE skills IN ACCESS EXCLUSIVE MODE');
    const before = site.lease.members.refusals.length;
    await delay(HELD_MS);
    await holder.query('ROLLBACK');
    const refused = site.lease.members.refusals.length - before;
    if (refused > 0) findings.violations.add('heartbeats', `${refused} were refused`);
    findings.figures({ 'heartbeats refused': refused, 'recovery s': (await site.recovered()) / 1000 });
    site.expectAnsweredWithin(STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS + AIR_MS);
    await site.check();
  },
);
