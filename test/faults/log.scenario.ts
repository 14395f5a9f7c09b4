import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnPostgres } from '../support/own-postgres.js';
import type { ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';
import { type Findings, scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';
import { SmallDisk } from './site/small-disk.js';

const BROKEN_MS = 10_000;
const DISK_MIB = 8;
const FULL_MS = 10_000;
/** Memory that a log without a reader may cost: the waiting lines (16 MiB for each file), and garbage. */
const GROWTH_MIB = 100;
const STOPPED_WITHIN_MS = 15_000;

async function counted({ url }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

const memory = (service: ServiceProcess): Promise<number> => counted(service, 'process_resident_memory_bytes');

/** Checks that each replica has counted its lost lines, uses no more memory than allowed, and stops normally. */
async function checkServices(findings: Findings, site: FaultSite, before: readonly number[], counter: string) {
  let [total, growth, stopped] = [0, 0, 0];
  for (const [index, service] of site.services.entries()) {
    const count = await counted(service, counter);
    if (!(count > 0)) findings.violations.add('not counted', `${counter} is ${count}`);
    total += count;
    growth = Math.max(growth, ((await memory(service)) - (before[index] ?? 0)) / 2 ** 20);
  }
  if (growth > GROWTH_MIB) findings.violations.add('grew', `by ${growth.toFixed(0)} MiB`);
  for (const service of site.services) {
    const began = performance.now();
    const { code, signal } = await service.stop();
    stopped = Math.max(stopped, performance.now() - began);
    if (code !== 0) findings.violations.add('did not end well', `with ${code ?? signal}`);
  }
  if (stopped > STOPPED_WITHIN_MS) findings.violations.add('ended late', `after ${stopped.toFixed(0)} ms`);
  findings.figures({ [counter]: total, 'MiB grown': growth, 'stopped after s': stopped / 1000 });
}

scenario(
  {
    name: 'log-pipe-broken',
    promise:
      'nothing fails because of the log; the service works again by itself; SIGTERM ends it with 0; lost lines are counted',
    fault: 'the readers of standard output and standard error end, and PostgreSQL is killed at the same time',
    withinS: 150,
  },
  async (findings) => {
    const postgres = await OwnPostgres.start();
    const site = await FaultSite.start(findings, { replicas: 2, database: postgres });
    const before = await Promise.all(site.services.map(memory));
    for (const service of site.services) service.abandon('stdout', 'stderr');
    const moment = performance.now();
    postgres.restart('SIGKILL');
    findings.figures({ 'recovery s': (await site.recovered(moment)) / 1000 });
    await delay(BROKEN_MS);
    await site.check();
    await checkServices(findings, site, before, 'log_lines_dropped_total');
  },
);

scenario(
  {
    name: 'log-disk-full',
    promise: 'no request fails; the log works again by itself when there is room, and no line is missing',
    fault: `the disk of LOG_FILE and LOG_ERROR_FILE is full for ${FULL_MS / 1000} s`,
    withinS: 120,
  },
  async (findings) => {
    const disk = SmallDisk.mount(DISK_MIB);
    findings.atEnd(() => {
      disk.unmount();
    });
    const folder = disk.folder('log');
    const [file, errors] = [join(folder, 'app.log'), join(folder, 'error.log')];
    const site = await FaultSite.start(findings, { env: { LOG_FILE: file, LOG_ERROR_FILE: errors } });
    const before = await Promise.all(site.services.map(memory));
    disk.fill();
    await delay(FULL_MS);
    disk.free();
    const [service] = site.services;
    await until(() => service?.output.includes(`the log is written to ${file} again`) === true);
    site.expectNothingFailed();
    await site.check();
    await checkServices(findings, site, before, 'log_write_failures_total');
    const kept = new Set(readFileSync(file, 'utf8').split('\n'));
    const lacking = (service?.output ?? '').split('\n').filter((line) => line.startsWith('{') && !kept.has(line));
    if (lacking.length > 0) findings.violations.add('lines lost', `${lacking.length}, such as ${lacking[0] ?? ''}`);
  },
);
