import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PUBLIC_ROUTE } from '#common';
import { appSettings } from '#config';
import { type LoggerService, Logger, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { IndicatorCheck, IndicatorResult } from './health-indicator.js';
import { HealthRegistry } from './health-registry.js';
import { HealthController } from './health.controller.js';
import { HealthModule } from './health.module.js';
import { LifecycleState } from './lifecycle-state.js';

@Module({
  imports: [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [appSettings] }), HealthModule],
})
class TestModule {}

/** An indicator whose state a test sets. */
class Switch implements IndicatorCheck {
  runs = 0;
  answer: () => Promise<IndicatorResult> = () => Promise.resolve({ status: 'up' });

  constructor(
    readonly name: string,
    readonly readiness: boolean,
  ) {}

  check(): Promise<IndicatorResult> {
    this.runs += 1;
    return this.answer();
  }

  set(result: IndicatorResult): void {
    this.answer = () => Promise.resolve(result);
  }
}

describe('health', () => {
  let app: NestFastifyApplication;
  let base: string;
  let database: Switch;
  let upstream: Switch;
  let logged: string[];

  beforeEach(async () => {
    logged = [];
    const keep = (...line: unknown[]): void => void logged.push(line.map(String).join(' '));
    const logger: LoggerService = { log: keep, warn: keep, error: keep };
    app = await NestFactory.create<NestFastifyApplication>(TestModule, new FastifyAdapter(), {
      logger,
      abortOnError: false,
    });
    database = new Switch('database', true);
    upstream = new Switch('upstream', false);
    app.get(HealthRegistry).register(database);
    app.get(HealthRegistry).register(upstream);
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    logged = [];
  });

  afterEach(async () => {
    await app.close();
    Logger.overrideLogger(['error']);
  });

  async function ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(base + path);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  it('answers in the shape of the protocol', async () => {
    const { status, body } = await ask('/health');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['status', 'version', 'uptime', 'timestamp', 'checks']);
    expect(body).toEqual({
      status: 'healthy',
      version: '0.6.0',
      uptime: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      checks: { database: { status: 'up' }, upstream: { status: 'up' } },
    });
    expect(Math.abs((body.uptime as number) - process.uptime())).toBeLessThan(5);
  });

  it.each<[IndicatorResult['status'], IndicatorResult['status'], string, number, string, number]>([
    ['up', 'up', 'healthy', 200, 'ready', 200],
    ['degraded', 'up', 'warning', 200, 'ready', 200],
    ['up', 'degraded', 'warning', 200, 'ready', 200],
    ['up', 'down', 'warning', 200, 'ready', 200],
    ['down', 'up', 'unhealthy', 503, 'not_ready', 503],
    ['down', 'down', 'unhealthy', 503, 'not_ready', 503],
  ])('database %s and upstream %s: %s (%d), %s (%d)', async (first, second, health, code, ready, readyCode) => {
    database.set({ status: first });
    upstream.set({ status: second, reason: 'because' });
    expect(await ask('/health')).toMatchObject({
      status: code,
      body: {
        status: health,
        checks: { database: { status: first }, upstream: { status: second, reason: 'because' } },
      },
    });
    expect(await ask('/readyz')).toEqual({
      status: readyCode,
      body: { status: ready, checks: { database: { status: first } } },
    });
  });

  it('answers 503 within the bound when a check hangs, and does not start it on top of itself', async () => {
    database.answer = () => new Promise(() => undefined);
    const started = performance.now();
    const reason = 'no answer within 1000 ms';
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: { status: 'not_ready', checks: { database: { status: 'down', reason } } },
    });
    expect(performance.now() - started).toBeLessThan(1500);
    await ask('/readyz');
    expect(database.runs).toBe(1);
    expect(await ask('/livez')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('comes back when a slow check does', async () => {
    let answer: (result: IndicatorResult) => void = () => undefined;
    database.answer = () => new Promise((resolve) => (answer = resolve));
    expect((await ask('/readyz')).status).toBe(503);
    answer({ status: 'up' });
    database.set({ status: 'up' });
    expect((await ask('/readyz')).status).toBe(200);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('password authentication failed for "skill_user"'))],
    [
      'throws',
      () => {
        throw new Error('password authentication failed for "skill_user"');
      },
    ],
  ])('keeps the error of a check that %s from callers, and logs each change once', async (_, fail) => {
    database.answer = fail;
    for (let i = 0; i < 3; i += 1) {
      const { status, body } = await ask('/health');
      expect(status).toBe(503);
      expect(JSON.stringify(body)).not.toContain('skill_user');
      expect(body.checks).toMatchObject({ database: { status: 'down', reason: 'the check failed' } });
    }
    database.set({ status: 'up' });
    await ask('/health');
    await ask('/health');
    expect(logged).toEqual([
      'database is down: the check failed Error: password authentication failed for "skill_user" health',
      'database is up health',
    ]);
  });

  it('runs each check once for probes at the same time, and all checks at the same time', async () => {
    let [running, most] = [0, 0];
    for (const indicator of [database, upstream]) {
      indicator.answer = async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(400);
        running -= 1;
        return { status: 'up' };
      };
    }
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? '/health' : '/readyz')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect([database.runs, upstream.runs, most]).toEqual([1, 1, 2]);
  });

  it.each(['degraded', 'down'] as const)(
    'shows an informative check that is %s, and is healthy all the same',
    async (state) => {
      const check = () => Promise.resolve({ status: state, reason: 'no answer' });
      app.get(HealthRegistry).register({ name: 'registry', readiness: false, informative: true, check });
      expect(await ask('/health')).toMatchObject({
        status: 200,
        body: { status: 'healthy', checks: { registry: { status: state, reason: 'no answer' } } },
      });
      expect((await ask('/readyz')).body).toEqual({ status: 'ready', checks: { database: { status: 'up' } } });
      upstream.set({ status: 'degraded' });
      expect((await ask('/health')).body.status).toBe('warning');
      expect(logged).toEqual(['upstream is degraded health']);
    },
  );

  it('is not ready while it drains, though it lives and is healthy', async () => {
    app.get(LifecycleState).startDraining();
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: { status: 'not_ready', reason: 'draining', checks: { database: { status: 'up' } } },
    });
    expect((await ask('/livez')).status).toBe(200);
    expect(await ask('/health')).toMatchObject({ status: 200, body: { status: 'healthy' } });
  });

  it('drains by itself when the application closes', async () => {
    const lifecycle = app.get(LifecycleState);
    expect(lifecycle.isDraining).toBe(false);
    await app.close();
    expect(lifecycle.isDraining).toBe(true);
  });

  it('touches nothing for /livez', async () => {
    await ask('/livez');
    expect([database.runs, upstream.runs]).toEqual([0, 0]);
  });

  it.each(['/health', '/livez', '/readyz'])('is public, answers HEAD, and nothing else: %s', async (path) => {
    expect((await fetch(base + path, { method: 'HEAD' })).status).toBe(200);
    database.set({ status: 'down' });
    expect((await fetch(base + path, { method: 'HEAD' })).status).toBe(path === '/livez' ? 200 : 503);
    expect((await fetch(base + path, { method: 'POST' })).status).toBe(404);
    expect(Reflect.getMetadata(PUBLIC_ROUTE, HealthController)).toBe(true);
  });

  it('refuses a name twice, until it is free again', () => {
    const registry = app.get(HealthRegistry);
    const remove = registry.register(new Switch('redis', true));
    expect(() => registry.register(new Switch('redis', true))).toThrow('redis');
    remove();
    expect(() => registry.register(new Switch('redis', true))).not.toThrow();
  });

  it('describes its answers in OpenAPI', () => {
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    for (const [path, model] of [
      ['/health', 'HealthResponse'],
      ['/readyz', 'ReadyResponse'],
    ] as const) {
      for (const status of ['200', '503'])
        expect(document.paths[path]?.get?.responses[status]).toMatchObject({
          content: { 'application/json': { schema: { $ref: `#/components/schemas/${model}` } } },
        });
      expect(document.components?.schemas?.[model]).toMatchObject({
        required: expect.arrayContaining(['status', 'checks']),
        properties: { checks: { additionalProperties: { $ref: '#/components/schemas/CheckResponse' } } },
      });
    }
    expect(document.components?.schemas).toHaveProperty('CheckResponse');
  });
});
