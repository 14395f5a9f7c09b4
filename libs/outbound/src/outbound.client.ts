import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { InFlight } from '#common';
import { OutboundSettings, outboundSettings } from '#config';
import { MetricsService } from '#metrics';
import { httpVerdict, traceCall, TRACER, type Tracer } from '#tracing';
import type { WebSocket } from 'ws';
import { Deadline } from './deadline.js';
import { AddressGuard } from './guard/address-guard.js';
import { ADDRESS_LOOKUP, type AddressLookup, systemLookup } from './guard/address-lookup.js';
import { Dialer } from './guard/dialer.js';
import { parseTarget } from './guard/target.js';
import { trustFile } from './guard/trusted-cas.js';
import { decodeAnswer } from './http/content-coding.js';
import type { OutboundAnswer } from './http/exchange.js';
import { OriginPools } from './http/origin-pools.js';
import { OutboundError } from './outbound-error.js';
import { OutboundMetrics } from './outbound.metrics.js';
import { USER_AGENT } from './user-agent.js';
import { openWebSocket } from './ws/web-socket.js';

export interface OutboundRequest {
  method: string;
  /** http or https, without credentials. */
  url: string;
  /**
   * The owner of the connections: a Skill, or a receiver of callbacks. Calls of one share never wait for a connection of
   * another share, even at the same origin. Calls without a share have one in common.
   */
  share?: string;
  /** Addresses from `resolve`: connect to these, without another look-up. */
  addresses?: readonly string[];
  /** The only CAs to trust, in PEM. By default those of Node and of OUTBOUND_CA_FILE. */
  ca?: string | undefined;
  /** By default none. No cookie and no credential is added. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Milliseconds for the whole call: waiting for a connection, connecting, the request, the complete response. */
  timeoutMs: number;
  /** Milliseconds to open a new connection; OUTBOUND_CONNECT_TIMEOUT by default. */
  connectTimeoutMs?: number;
  /** The longest response body in bytes, as received and decoded. */
  maxResponseBytes: number;
  /** Cancels the call. */
  signal?: AbortSignal;
}

export interface WebSocketOptions {
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds until it must be open. */
  timeoutMs: number;
  /** The longest message in bytes; a longer one closes the connection. */
  maxPayload: number;
  /** Addresses from `resolve`: connect to one of these, without another look-up. */
  addresses?: readonly string[];
  /** The only CAs to trust, in PEM. By default those of Node and of OUTBOUND_CA_FILE. */
  ca?: string | undefined;
  /** Cancels the handshake. */
  signal?: AbortSignal;
}

const HTTP = ['http:', 'https:'];
const WEB_SOCKET = ['ws:', 'wss:'];
const HANDSHAKE = { 'http.request.method': 'GET', 'network.protocol.name': 'websocket' };
const VERDICT = httpVerdict<OutboundAnswer>(({ status }) => status, errorType);

/**
 * The only way to call addresses that others have registered. Refuses addresses inside the network when it connects
 * (`AddressGuard`). Connections are kept alive and bounded per share and origin. Bodies are decoded. No redirect is followed,
 * nothing is retried.
 */
@Injectable()
export class OutboundClient implements OnApplicationShutdown {
  private readonly dialer: Dialer;
  private readonly pools: OriginPools;
  private readonly webSockets = new Set<WebSocket>();
  private readonly metrics: OutboundMetrics;
  private readonly calls = new InFlight<Deadline>();
  private isStopping = false;

  constructor(
    @Inject(outboundSettings.KEY) private readonly settings: OutboundSettings,
    metrics: MetricsService,
    @Optional() @Inject(ADDRESS_LOOKUP) lookup: AddressLookup = systemLookup,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {
    this.dialer = new Dialer(new AddressGuard(settings.allowedCidrs), lookup, trustFile(settings.caFile));
    this.pools = new OriginPools(this.dialer, settings);
    this.metrics = new OutboundMetrics(metrics, () => ({ http: this.pools.open, ws: this.webSockets.size }));
  }

  /**
   * Returns the response, whatever its status.
   * @throws OutboundError, whose `kind` is the reason; TypeError for a method or a header that HTTP does not allow
   */
  request(request: OutboundRequest): Promise<OutboundAnswer> {
    if (this.tracer === undefined) return this.send(request);
    const { method, url, headers = {} } = request;
    const call = { name: method, url, headers, attributes: { 'http.request.method': method } };
    return traceCall(this.tracer, call, (traced) => this.send({ ...request, headers: traced }), VERDICT);
  }

  /** Returns an open WebSocket; the caller closes it. @throws OutboundError */
  webSocket(url: string, options: WebSocketOptions): Promise<WebSocket> {
    if (this.tracer === undefined) return this.open(url, options);
    const call = { name: 'GET', url, headers: options.headers ?? {}, attributes: HANDSHAKE };
    const verdict = { faultOf: errorType };
    return traceCall(this.tracer, call, (headers) => this.open(url, { ...options, headers }), verdict);
  }

  /** Looks up the host of a URL. Returns the addresses that may be called, at least one. @throws OutboundError */
  resolve(url: string, { timeoutMs, signal }: Pick<OutboundRequest, 'timeoutMs' | 'signal'>): Promise<string[]> {
    return this.within(timeoutMs, signal, (deadline) => {
      const target = parseTarget(url, [...HTTP, ...WEB_SOCKET]);
      return new Promise((resolve, reject) => {
        deadline.onEnd(reject);
        this.dialer.resolve(target).then(resolve, reject);
      });
    });
  }

  /** In the last shutdown hook: other rooms may still call in `beforeApplicationShutdown`. Calls in flight fail. */
  onApplicationShutdown(): void {
    this.isStopping = true;
    for (const deadline of this.calls) deadline.end(stopping());
    this.pools.destroy();
    for (const webSocket of this.webSockets) webSocket.terminate();
  }

  private send({
    url,
    share = '',
    timeoutMs,
    signal,
    addresses,
    ca,
    ...request
  }: OutboundRequest): Promise<OutboundAnswer> {
    return this.within(timeoutMs, signal, (deadline) => {
      const { method, headers = {}, body, maxResponseBytes } = request;
      const connectTimeoutMs = request.connectTimeoutMs ?? this.settings.connectTimeout;
      const message = { method, headers, body, maxResponseBytes, connectTimeoutMs };
      const target = parseTarget(url, HTTP, { addresses, ca });
      return this.pools
        .exchange(share, target, message, deadline)
        .then((answer) => decodeAnswer(answer, maxResponseBytes));
    });
  }

  private async open(
    url: string,
    { headers = {}, timeoutMs, maxPayload, signal, addresses, ca }: WebSocketOptions,
  ): Promise<WebSocket> {
    const webSocket = await this.within(timeoutMs, signal, (deadline) => {
      const target = parseTarget(url, WEB_SOCKET, { addresses, ca });
      return openWebSocket(
        { url, headers: { 'user-agent': USER_AGENT, ...headers }, maxPayload },
        target,
        this.dialer,
        deadline,
      );
    });
    this.webSockets.add(webSocket);
    webSocket.once('close', () => this.webSockets.delete(webSocket));
    return webSocket;
  }

  private async within<T>(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    call: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    if (this.isStopping) throw stopping();
    const deadline = new Deadline(timeoutMs, signal);
    const slot = this.calls.add(deadline);
    try {
      return await call(deadline);
    } catch (error) {
      if (error instanceof OutboundError && error.kind === 'forbidden') this.metrics.countRefusal();
      throw error;
    } finally {
      this.calls.remove(slot);
      deadline.clear();
    }
  }
}

/** The attribute `error.type` of a span. */
function errorType(error: unknown): string {
  return error instanceof OutboundError ? error.kind : 'invalid-request';
}

function stopping(): OutboundError {
  return new OutboundError('cancelled', 'the service is stopping');
}
