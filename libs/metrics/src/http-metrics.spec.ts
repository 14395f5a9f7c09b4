import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiExceptionFilter, PermissionError, PUBLIC_ROUTE } from '#common';
import { Body, Controller, Get, Logger, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { registerHttpMetrics } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsModule } from './metrics.module.js';
import { MetricsService } from './metrics.service.js';

let release: (() => void)[] = [];
const wait = (): Promise<string> =>
  new Promise((resolve) =>
    release.push(() => {
      resolve('late');
    }),
  );

@Controller('things')
class Things {
  @Get('slow')
  slow(): Promise<string> {
    return wait();
  }

  @Post('slow')
  slowPost(@Body() _body: object): Promise<string> {
    return wait();
  }

  @Get('forbidden')
  forbidden(): never {
    throw new PermissionError();
  }

  @Get(':id')
  read(@Param('id') id: string): object {
    return { id };
  }
}

@Module({ imports: [MetricsModule], controllers: [Things] })
class ThingsModule {}

const GET = 'GET /things/slow HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST /things/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

describe('registerHttpMetrics', () => {
  let app: NestFastifyApplication;
  let base: string;
  let metrics: MetricsService;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  beforeEach(async () => {
    release = [];
    app = await NestFactory.create<NestFastifyApplication>(ThingsModule, new FastifyAdapter(), {
      logger: false,
      abortOnError: false,
    });
    app.useGlobalFilters(new ApiExceptionFilter());
    metrics = app.get(MetricsService);
    registerHttpMetrics(app.getHttpAdapter().getInstance(), metrics);
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    for (const end of release) end();
    await app.close();
  });

  const open = (): Socket => connect(Number(new URL(base).port), '127.0.0.1');

  /** The value of a series, as Prometheus would read it. */
  async function valueOf(series: string): Promise<number | undefined> {
    const line = (await metrics.render()).split('\n').find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  async function becomes(series: string, value: number): Promise<void> {
    const deadline = Date.now() + 2000;
    while ((await valueOf(series)) !== value) {
      if (Date.now() > deadline) throw new Error(`${series} is ${await valueOf(series)}, not ${value}`);
      await sleep(5);
    }
  }

  const countOf = (labels: string): string => `http_server_request_duration_seconds_count{${labels}}`;

  it('serves the metrics to anybody, with the right content type', async () => {
    const answer = await fetch(`${base}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toContain('\nhttp_server_active_requests 1\n');
    expect(Reflect.getMetadata(PUBLIC_ROUTE, MetricsController)).toBe(true);
    expect((await fetch(`${base}/metrics`, { method: 'HEAD' })).status).toBe(200);
  });

  it('counts by method, route template and status', async () => {
    for (const id of ['1', '2', '3']) await fetch(`${base}/things/${id}`);
    await becomes(countOf('method="GET",route="/things/:id",status="200"'), 3);
    expect(
      await valueOf(
        'http_server_request_duration_seconds_bucket{le="0.5",method="GET",route="/things/:id",status="200"}',
      ),
    ).toBe(3);
  });

  it('puts all unknown routes into one series, and all unknown methods into one label', async () => {
    for (let i = 0; i < 20; i += 1) await fetch(`${base}/scan/${i}?q=${i}`);
    for (const method of ['PROPFIND', 'LOCK', 'REPORT']) await fetch(`${base}/scan`, { method });
    await becomes(countOf('method="GET",route="unmatched",status="404"'), 20);
    await becomes(countOf('method="other",route="unmatched",status="404"'), 3);
    const text = await metrics.render();
    expect(text).not.toMatch(/scan|PROPFIND/);
    // Two series of a histogram: 13 buckets, +Inf, sum and count each.
    expect(text.match(/^http_server_request_duration_seconds_.*$/gm)).toHaveLength(2 * 16);
  });

  it('counts errors by code, from 0', async () => {
    expect(await valueOf('http_server_errors_total{code="1007"}')).toBe(0);
    await fetch(`${base}/things/forbidden`);
    await fetch(`${base}/nowhere`);
    await becomes('http_server_errors_total{code="1003"}', 1);
    await becomes('http_server_errors_total{code="1010"}', 1);
  });

  it.each([
    ['a GET', GET, 'GET', 1],
    ['a POST whose body has been read', POST, 'POST', 1],
    ['pipelined GETs', GET.repeat(15), 'GET', 15],
    ['pipelined POSTs', POST.repeat(15), 'POST', 15],
  ])('forgets %s that the caller gives up, once', async (_, bytes, method, count) => {
    const socket = open();
    socket.write(bytes);
    await becomes('http_server_active_requests', count);
    socket.destroy();
    await becomes('http_server_active_requests', 0);
    await becomes(countOf(`method="${method}",route="/things/slow",status="499"`), count);
    // The handlers answer into the void afterwards; nothing may be counted twice.
    for (const end of release) end();
    await sleep(20);
    expect(await valueOf('http_server_active_requests')).toBe(0);
    expect(await valueOf(countOf(`method="${method}",route="/things/slow",status="200"`))).toBeUndefined();
  });

  it('follows requests that are answered on a connection that stays open', async () => {
    const socket = open();
    socket.resume();
    for (let i = 1; i <= 3; i += 1) {
      socket.write(GET);
      await becomes('http_server_active_requests', 1);
      for (const end of release.splice(0)) end();
      await becomes('http_server_active_requests', 0);
    }
    socket.destroy();
    await once(socket, 'close');
    await sleep(20);
    expect(await valueOf('http_server_active_requests')).toBe(0);
    expect(await valueOf(countOf('method="GET",route="/things/slow",status="200"'))).toBe(3);
  });
});
