import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Agent, fetch } from 'undici';
import { ensurePromtool, promtool } from '../support/promtool.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { endServices, newFolder, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import {
  expressionsOf,
  filesIn,
  MONITORING,
  readDashboard,
  rulesOf,
  type Selector,
  selectorsOf,
} from './monitoring-files.js';

/** Added by Prometheus itself. */
const TARGET_LABELS = ['job', 'instance'];
const OF_PROMETHEUS = ['up', 'ALERTS'];

const rules = filesIn('prometheus/rules').flatMap((file) => rulesOf(readFileSync(file, 'utf8')));
const alerts = rules.filter(({ kind }) => kind === 'alert');
const dashboard = readDashboard();

describe('the monitoring files', () => {
  beforeAll(() => {
    ensurePromtool();
  }, 300_000);

  it('are what Prometheus takes', () => {
    expect(promtool('check', 'config', join(MONITORING, 'prometheus/prometheus.yml'))).toMatchObject({ status: 0 });
  });

  it('fire and do not fire as their tests say', () => {
    expect(promtool('test', 'rules', ...filesIn('prometheus/tests'))).toMatchObject({ status: 0 });
  }, 300_000);

  it('tell of every alert how bad it is and what to do, here and in the documents, and have two tests of it', () => {
    const tests = filesIn('prometheus/tests')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const docs = readFileSync(resolve(MONITORING, '../docs/monitoring.md'), 'utf8');
    expect(alerts.length).toBeGreaterThan(20);
    for (const { name, text } of alerts) {
      expect(text).toMatch(/^ +labels: \{ severity: (critical|warning) \}$/m);
      for (const annotation of ['summary', 'description', 'runbook']) {
        expect(text).toMatch(new RegExp(`^ +${annotation}: \\S.+$`, 'm'));
      }
      expect(tests).toContain(`- name: ${name} fires\n`);
      expect(tests).toContain(`- name: ${name} does not fire\n`);
      expect(docs).toContain(`| \`${name}\``);
    }
  });

  it('hold a dashboard whose expressions Prometheus takes, from any data source', () => {
    const file = join(newFolder(), 'dashboard.json');
    const asRules = expressionsOf(dashboard).map((expr, index) => ({ record: `dashboard:${index}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
    expect(promtool('check', 'rules', file)).toMatchObject({ status: 0 });
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    for (const { datasource, targets = [] } of panels) {
      for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
        expect(source).toEqual({ type: 'prometheus', uid: '${datasource}' });
      }
      expect(targets.length).toBeGreaterThan(0);
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('what the monitoring files ask for', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let metrics: string;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), startRedisServer()]);
    metrics = await metricsOfAService(database.url, redis.url);
  });
  afterAll(async () => {
    await endServices();
    await Promise.all([database.drop(), redis.stop()]);
  });

  it('is exposed by the service, or recorded', () => {
    const expressions = [...rules.map(({ expr }) => expr), ...expressionsOf(dashboard)];
    expect(expressions.filter((expr) => selectorsOf(expr).length === 0)).toEqual([]);
    const asked = expressions.flatMap(selectorsOf);
    const recorded = new Set(rules.filter(({ kind }) => kind === 'record').map(({ name }) => name));
    const missing = asked.filter(
      ({ metric, labels }) =>
        !recorded.has(metric) && !OF_PROMETHEUS.includes(metric) && !isExposed({ metric, labels }),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    ['registry_nothing_total', []],
    ['registry_leases', [{ name: 'state', value: undefined }]],
    ['registry_leases', [{ name: 'health', value: 'dead' }]],
    ['metrics_collect_failures_total', [{ name: 'metric', value: 'registry_nothing' }]],
  ])('would miss %s%j', (metric, labels) => {
    expect(isExposed({ metric, labels })).toBe(false);
  });

  function isExposed({ metric, labels }: Selector): boolean {
    const family = metric.replace(/_(bucket|sum|count)$/, '');
    if (!new RegExp(`^# TYPE (${metric}|${family}) `, 'm').test(metrics)) return false;
    const own = labels.filter(({ name }) => !TARGET_LABELS.includes(name));
    // There is a series only where a metric cannot be read: its label is the name of a metric.
    if (metric === 'metrics_collect_failures_total')
      return own.every(({ value }) => value === undefined || metrics.includes(`# TYPE ${value} `));
    const series = metrics.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
    return (
      series.length > 0 &&
      own.every(({ name, value }) =>
        series.some((line) => line.includes(value === undefined ? `${name}="` : `${name}="${value}"`)),
      )
    );
  }
});

/** /metrics of a service with everything that brings metrics of its own, after a call that failed. */
async function metricsOfAService(databaseUrl: string, redisUrl: string): Promise<string> {
  const folder = newFolder();
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=monitoring.test'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files], { stdio: 'ignore' });
  const service = await startService({
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      TLS_CERT_FILE: cert,
      TLS_KEY_FILE: key,
      AI_BRIDGE_REGISTRY_URL: 'http://127.0.0.1:9/api/v1/skills/register',
      OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
    },
  });
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const post = async (path: string, body: object, token?: string): Promise<Record<string, unknown>> => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const answer = await fetch(service.url + path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
        dispatcher,
      });
      return (await answer.json()) as Record<string, unknown>;
    };
    const credentials = { client_id: 'admin', client_secret: service.adminSecret };
    const { access_token } = await post('/api/v1/auth/token', { grant_type: 'client_credentials', ...credentials });
    const token = String(access_token);
    // Nobody listens there.
    const endpoints = [{ url: 'http://127.0.0.1:9' }];
    const { skill_id } = await post('/api/v1/skills/', skillBody({ endpoints }), token);
    const call = { command_id: 'monitoring', skill_id, capability_id: 'forecast', parameters: { city: 'Berlin' } };
    expect(await post('/api/v1/commands/execute', call, token)).toMatchObject({ code: 2003 });
    await fetch(`${service.url}/api/v1/skills/${String(skill_id)}`, {
      headers: { authorization: `Bearer ${token}` },
      dispatcher,
    });
    return await (await fetch(`${service.url}/metrics`, { dispatcher })).text();
  } finally {
    await dispatcher.close();
  }
}
