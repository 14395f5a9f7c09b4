import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiExceptionFilter, PermissionError } from '#common';
import { Body, Controller, Get, Logger, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { setRequestActor } from './access-log.js';
import { createLogger } from './logger.js';
import { frameworkErrors, registerRequestLogging } from './request-logging.js';
import { currentTrace, traceIdGenerator } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

let handled: () => void = () => undefined;

@Controller()
class Things {
  private readonly logger = new Logger('things');

  @Get('things/:id')
  read(@Req() request: FastifyRequest): object {
    setRequestActor(request, 'client-1');
    this.logger.log('reading');
    return { trace: request.id, inside: currentTrace()?.traceId };
  }

  @Post('things')
  async create(@Body() body: object): Promise<object> {
    await sleep(1);
    return { body, inside: currentTrace()?.traceId };
  }

  @Get('forbidden')
  forbidden(): never {
    throw new PermissionError();
  }

  @Get('slow')
  async slow(): Promise<string> {
    await new Promise<void>((resolve) => (handled = resolve));
    return 'late';
  }

  @Get('readyz')
  ready(): string {
    return 'ok';
  }
}

@Module({ controllers: [Things] })
class ThingsModule {}

type Line = Record<string, unknown>;

describe('registerRequestLogging', () => {
  let app: NestFastifyApplication;
  let port: number;
  let base: string;
  let text = '';
  const lines = (): Line[] => text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Line] : []));
  const accessLines = (): Line[] => lines().filter(({ msg }) => msg === 'request');
  const nextAccessLine = async (): Promise<Line> => {
    for (let wait = 0; wait < 500; wait += 1) {
      const line = accessLines().at(-1);
      if (line) return line;
      await sleep(2);
    }
    throw new Error('no line in the access log');
  };

  beforeAll(async () => {
    const output = { write: (line: string) => (text += line) };
    const { logger } = createLogger(
      { level: 'debug' },
      { name: 'ooder-skill', version: '0.6.0', debug: false },
      output,
    );
    const adapter = new FastifyAdapter({ genReqId: traceIdGenerator, frameworkErrors: frameworkErrors(logger) });
    registerRequestLogging(adapter.getInstance(), logger);
    app = await NestFactory.create<NestFastifyApplication>(ThingsModule, adapter, { logger, abortOnError: false });
    app.useGlobalFilters(new ApiExceptionFilter());
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as AddressInfo).port;
    base = `http://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    await app.close();
    Logger.overrideLogger(['error']);
  });

  beforeEach(() => {
    text = '';
  });

  it("goes on with the caller's trace and names its own span", async () => {
    const answer = await fetch(`${base}/things/1`, { headers: { traceparent: TRACEPARENT } });
    expect(await answer.json()).toEqual({ trace: TRACE, inside: TRACE });
    expect(answer.headers.get('x-trace-id')).toBe(TRACE);
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(answer.headers.get('traceparent')).not.toBe(TRACEPARENT);
  });

  it.each([
    ['is absent', undefined],
    ['is invalid', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ])('starts a trace when the header %s', async (_, traceparent) => {
    const answer = await fetch(`${base}/things/1`, { headers: traceparent === undefined ? {} : { traceparent } });
    const id = answer.headers.get('x-trace-id');
    expect(id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(await answer.json()).toEqual({ trace: id, inside: id });
  });

  it.each([
    ['a refusal', '/forbidden', 403, 1003],
    ['an unknown route', '/nowhere', 404, 1010],
    ['a path that cannot be decoded', '/things/%zz', 400, 1001],
    ['a parameter that is too long', `/things/${'x'.repeat(500)}`, 400, 1001],
  ])('names the trace on %s', async (_, url, status, code) => {
    const answer = await fetch(base + url, { headers: { traceparent: TRACEPARENT } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-trace-id')).toBe(TRACE);
    expect(answer.headers.get('traceparent')).toContain(TRACE);
    expect(await answer.json()).toMatchObject({ code, trace_id: TRACE });
    expect(await nextAccessLine()).toMatchObject({ status, error_code: code, trace_id: TRACE });
  });

  const postSlowly = async (...parts: string[]): Promise<string> => {
    const request = httpRequest({
      port,
      path: '/things',
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
    });
    request.flushHeaders();
    for (const part of parts) {
      await sleep(20);
      request.write(part);
    }
    await sleep(20);
    request.end();
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    let body = '';
    for await (const chunk of response) body += chunk.toString();
    return body;
  };

  it('keeps the trace after a body that arrives late', async () => {
    expect(JSON.parse(await postSlowly('{"name":', '"x"}'))).toEqual({ body: { name: 'x' }, inside: TRACE });
  });

  it('keeps the trace when such a body cannot be read', async () => {
    await postSlowly('{"name":', '}');
    expect(lines().find(({ context }) => context === 'errors')).toMatchObject({ level: 'debug', trace_id: TRACE });
  });

  it('writes one line per request, without the query string', async () => {
    const answer = await fetch(`${base}/things/42?access_token=xyz&name=b`, {
      headers: { 'user-agent': 'x'.repeat(1000), traceparent: TRACEPARENT },
    });
    const body = await answer.text();
    await nextAccessLine();
    expect(text).not.toContain('xyz');
    expect(accessLines()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'ooder-skill',
        version: '0.6.0',
        method: 'GET',
        path: '/things/42',
        route: '/things/:id',
        status: 200,
        duration_ms: expect.any(Number),
        bytes: Buffer.byteLength(body),
        client: 'client-1',
        remote_address: '127.0.0.1',
        user_agent: 'x'.repeat(256),
        trace_id: TRACE,
        msg: 'request',
      },
    ]);
    expect(lines().find(({ msg }) => msg === 'reading')).toMatchObject({ context: 'things', trace_id: TRACE });
  });

  it('says unmatched for unknown routes', async () => {
    await fetch(`${base}/nowhere?x=1`);
    expect(await nextAccessLine()).toMatchObject({ route: 'unmatched', path: '/nowhere', status: 404 });
  });

  it('writes the successes of probes at debug', async () => {
    await fetch(`${base}/readyz`);
    expect(await nextAccessLine()).toMatchObject({ level: 'debug', route: '/readyz' });
  });

  it('prevents forged lines through control characters', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      Buffer.from(
        'GET /a%0d%0a%1b[2J HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb\x85c\r\nConnection: close\r\n\r\n',
        'latin1',
      ),
    );
    socket.resume();
    await once(socket, 'close');
    expect(await nextAccessLine()).toMatchObject({
      path: '/a%0d%0a%1b[2J',
      user_agent: 'a\\u0009b\\u0085c',
    });
    expect(text).not.toMatch(/[\u0080-\u009f]/);
    expect(accessLines()).toHaveLength(1);
  });

  it('writes a line for a caller that hung up before the answer, and only one', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(30);
    socket.destroy();
    expect(await nextAccessLine()).toMatchObject({ path: '/slow', status: 499, aborted: true });
    handled();
    await sleep(20);
    expect(accessLines()).toHaveLength(1);
  });
});
