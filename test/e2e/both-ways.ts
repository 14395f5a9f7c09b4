import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fc from 'fast-check';
import type { TestApp } from '../support/test-app.js';

/** A request as it goes over the wire. */
export interface WireRequest {
  method: string;
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  body?: string;
}

export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Values that differ between any two answers. */
const OF_ONE_ANSWER: readonly [RegExp, string][] = [
  [/"(timestamp|server_time|expires_at|last_heartbeat)":"\d{4}-[^"]+Z"/g, '"$1":"a time"'],
  [/"trace_id":"[0-9a-f]{32}"/g, '"trace_id":"an id"'],
  [/"interval":[\d.]+/g, '"interval":0'],
];
const HEADERS_OF_ONE_ANSWER: readonly [name: string, form: RegExp][] = [
  ['date', /^\w{3}, .* GMT$/],
  ['traceparent', /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/],
  ['x-trace-id', /^[0-9a-f]{32}$/],
  ['ratelimit', /^"(reads|writes)";r=\d+;t=\d+$/],
];

/** The same service twice: as it is, and on a port where Fastify gets every request. */
class BothWays {
  private constructor(
    private readonly ports: readonly [lane: number, fastify: number],
    readonly close: () => void,
  ) {}

  static async open({ app, url }: TestApp): Promise<BothWays> {
    const fastify = app.getHttpAdapter().getInstance();
    const server = createServer({ requireHostHeader: false });
    server.keepAliveTimeout = fastify.server.keepAliveTimeout;
    for (const event of ['request', 'checkExpectation'] as const) {
      server.on(event, (request, response) => {
        fastify.routing(request, response);
      });
    }
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return new BothWays([Number(new URL(url).port), (server.address() as AddressInfo).port], close);
  }

  /** Sends the requests one after the other both ways at the same time. Throws where the answers differ. */
  async compare(requests: readonly WireRequest[]): Promise<void> {
    const [byLane, byFastify] = this.ports.map((port) => new Conversation(port)) as [Conversation, Conversation];
    try {
      for (const request of requests) {
        const answers = await Promise.all([byLane.ask(request), byFastify.ask(request)]);
        expect(comparable(answers[0])).toEqual(comparable(answers[1]));
      }
    } finally {
      byLane.end();
      byFastify.end();
    }
  }
}

/** Compares the answers to at least `20 * runs` generated requests, on several connections at the same time. */
export async function assertSameAnswers(
  app: TestApp,
  requests: fc.Arbitrary<WireRequest>,
  runs: number,
): Promise<void> {
  const both = await BothWays.open(app);
  const conversations = fc.array(fc.array(requests, { minLength: 5, maxLength: 15 }), { minLength: 4, maxLength: 4 });
  const property = fc.asyncProperty(conversations, async (all) => {
    await Promise.all(all.map((each) => both.compare(each)));
  });
  try {
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
  } finally {
    both.close();
  }
}

/** Requests on one connection, or on the next one after an answer that ends it. */
class Conversation {
  private socket: Socket | undefined;

  constructor(private readonly port: number) {}

  async ask({ method, path, headers, body = '' }: WireRequest): Promise<WireAnswer> {
    const socket = (this.socket ??= connect(this.port, '127.0.0.1').setEncoding('latin1').setNoDelay());
    const lines = headers.map(([name, value]) => `${name}: ${value}`);
    socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', body].join('\r\n'));
    let received = '';
    let answer: WireAnswer | undefined;
    while (!answer) {
      const [part] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) }).catch((cause: unknown) => {
        throw new Error(`${method} ${path} got ${received}`, { cause });
      })) as [string];
      received += part;
      answer = parse(received, method);
    }
    if (answer.headers.connection === 'close') this.end();
    return answer;
  }

  end(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }
}

/** Returns undefined until the answer is whole. */
function parse(received: string, method: string): WireAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const pairs = lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
  const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  if (Object.keys(headers).length < pairs.length) throw new Error(`a header comes twice: ${received}`);
  const status = Number(first.split(' ')[1]);
  const body = received.slice(end + 4);
  const length = method === 'HEAD' || status === 304 ? 0 : Number(headers['content-length']);
  return body.length === length ? { status, headers, body } : undefined;
}

/** Without what differs between any two answers; its form is checked. */
function comparable({ status, headers, body }: WireAnswer): WireAnswer {
  const kept = { ...headers };
  for (const [name, form] of HEADERS_OF_ONE_ANSWER) {
    const value = kept[name];
    if (value !== undefined) kept[name] = form.test(value) ? 'valid' : value;
  }
  const text = OF_ONE_ANSWER.reduce((rest, [value, mask]) => rest.replace(value, mask), body);
  // The length of an interval varies.
  if (text !== body) delete kept['content-length'];
  return { status, headers: kept, body: text };
}

/** What requests are made of. */
export interface WireWorld {
  /** Headers that name the sender, or do not. */
  senders: readonly (readonly [name: string, value: string])[][];
  skillIds: readonly string[];
  /** Paths of reads, below /api/v1; `:id` stands for a Skill. */
  reads: readonly string[];
}

const UNUSUAL_HEADERS: readonly (readonly [string, string])[] = [
  ['accept', 'text/html'],
  ['user-agent', 'a test'],
  ['x-forwarded-for', '203.0.113.7, 198.51.100.1'],
  ['traceparent', `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-00`],
  ['origin', 'https://console.example.com'],
  ['origin', 'https://elsewhere.example.com'],
  ['if-none-match', '*'],
  ['if-none-match', '"another"'],
  ['if-modified-since', 'Tue, 01 Dec 2026 00:00:00 GMT'],
  ['connection', 'close'],
  ['connection', 'keep-alive'],
  ['host', 'two.example.com'],
  ['idempotency-key', 'a key'],
  ['content-encoding', 'gzip'],
  ['expect', 'nonsense'],
  ['prefer', 'respond-async'],
];

const heartbeat = fc.oneof(
  fc.record(
    {
      endpoint_url: fc.constantFrom('http://localhost:9/none', 'no url'),
      generation: fc.constantFrom(0, 1, '1'),
      // Others would change what reads answer meanwhile.
      health: fc.constantFrom('healthy', 'fine'),
      uptime: fc.oneof(fc.nat(), fc.constant(-1), fc.double({ noNaN: true, noDefaultInfinity: true })),
      cpu_usage: fc.constantFrom(0, 12.5, 101),
      request_count: fc.constantFrom(0, 3, -1, null),
      unknown: fc.constant(1),
    },
    { requiredKeys: [] },
  ),
  fc.constantFrom({}, [], null, 1),
);
const body = fc.oneof(
  { weight: 12, arbitrary: fc.constant('{}') },
  { weight: 8, arbitrary: heartbeat.map((value) => JSON.stringify(value)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', '{', '{"__proto__":{}}', '\u00ff{}', ` ${' '.repeat(3000)}{}`, '{"uptime":1e400}'),
  },
);
const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('application/json', 'application/json; charset=utf-8') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('application/json;charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded'),
  },
);

/** Reads and heartbeats, most of them plain. */
export function wireRequests({ senders, skillIds, reads }: WireWorld): fc.Arbitrary<WireRequest> {
  const others = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.subarray([...UNUSUAL_HEADERS], { maxLength: 2 }) },
  );
  const shared = fc.record({ sender: fc.constantFrom(...senders), others, id: fc.constantFrom(...skillIds) });
  const read = fc
    .record({
      method: fc.oneof({ weight: 9, arbitrary: fc.constant('GET') }, { weight: 1, arbitrary: fc.constant('HEAD') }),
      path: fc.constantFrom(...reads),
      shared,
    })
    .map(({ method, path, shared: { sender, others: more, id } }) => ({
      method,
      path: `/api/v1${path.replace(':id', id)}`,
      headers: [['host', 'localhost'] as const, ...sender, ...more],
    }));
  const beat = fc
    .record({
      path: fc.oneof(
        { weight: 8, arbitrary: fc.constant('/skills/:id/heartbeat') },
        { weight: 1, arbitrary: fc.constantFrom('/skills/:id/heartbeat/', '/heartbeats') },
      ),
      body,
      contentType,
      shared,
    })
    .map(({ path, body: text, contentType: type, shared: { sender, others: more, id } }) => ({
      method: 'POST',
      path: `/api/v1${path.replace(':id', id)}`,
      headers: [
        ['host', 'localhost'] as const,
        ...sender,
        ...more,
        ['content-type', type] as const,
        ['content-length', String(Buffer.byteLength(text, 'utf8'))] as const,
      ],
      body: text,
    }));
  return fc.oneof({ weight: 2, arbitrary: read }, { weight: 3, arbitrary: beat });
}
