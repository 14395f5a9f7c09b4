import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { InFlight } from '#common';
import { OutboundSettings, outboundSettings } from '#config';
import { MetricsService } from '#metrics';
import { httpVerdict, traceCall, TRACER, type Tracer } from '#tracing';
import type { WebSocket } from 'ws';
import { AddressGuard } from './guard/address-guard.js';
import { ADDRESS_LOOKUP, type AddressLookup, systemLookup } from './guard/address-lookup.js';
import { Deadline } from './deadline.js';
import { Dialer } from './guard/dialer.js';
import type { OutboundAnswer } from './http/exchange.js';
import { OriginPools } from './http/origin-pools.js';
import { OutboundError } from './outbound-error.js';
import { OutboundMetrics } from './outbound.metrics.js';
import { targetOf } from './guard/target.js';
import { openWebSocket } from './ws/web-socket.js';

export interface OutboundRequest {
  method: string;
  /** http or https, without credentials. */
  url: string;
  /**
   * Whose connections it uses: a Skill's, a receiver's. Calls of one share wait for no connection of another, also at the
   * same origin. By default that of all who name none.
   */
  share?: string;
  /** Where its name leads, by `addressesOf`: connections go there, and nothing is looked up again. */
  addresses?: readonly string[];
  /** By default none: no cookie and no credential is ever added. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Milliseconds for all of it: waiting for a connection, opening one, the request, the whole answer. */
  timeoutMs: number;
  /** Milliseconds until a new connection must stand; by default OUTBOUND_CONNECT_TIMEOUT. */
  connectTimeoutMs?: number;
  /** The longest body that is taken. */
  maxResponseBytes: number;
  /** Its abort cancels the call. */
  signal?: AbortSignal;
}

export interface WebSocketOptions {
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds until it must be open. */
  timeoutMs: number;
  /** Bytes of the longest message that is taken; a longer one ends the connection. */
  maxPayload: number;
  /** Where its name leads, by `addressesOf`. */
  addresses?: readonly string[];
  /** Its abort cancels the handshake. */
  signal?: AbortSignal;
}

const HANDSHAKE = { 'http.request.method': 'GET', 'network.protocol.name': 'websocket' };
/** What becomes of the span of a call. */
const VERDICT = httpVerdict<OutboundAnswer>(({ status }) => status, faultOf);

/**
 * The only way in which this service calls addresses that others have registered. Addresses inside of the network are
 * refused as the connection is made (`AddressGuard`), connections are kept and bounded for each share and origin, redirects are
 * answers and not followed, nothing is tried again.
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
    this.dialer = new Dialer(new AddressGuard(settings.allowedCidrs), lookup);
    this.pools = new OriginPools(this.dialer, settings);
    this.metrics = new OutboundMetrics(metrics, () => ({ http: this.pools.open, ws: this.webSockets.size }));
  }

  /**
   * Any answer but an informational one. @throws OutboundError whose `kind` says what happened; TypeError for a method
   * or header that HTTP does not know.
   */
  request(request: OutboundRequest): Promise<OutboundAnswer> {
    if (this.tracer === undefined) return this.send(request);
    const { method, url, headers = {} } = request;
    const call = { name: method, url, headers, attributes: { 'http.request.method': method } };
    return traceCall(this.tracer, call, (traced) => this.send({ ...request, headers: traced }), VERDICT);
  }

  /** An open WebSocket, which its owner closes. @throws OutboundError */
  webSocket(url: string, options: WebSocketOptions): Promise<WebSocket> {
    if (this.tracer === undefined) return this.open(url, options);
    const call = { name: 'GET', url, headers: options.headers ?? {}, attributes: HANDSHAKE };
    return traceCall(this.tracer, call, (headers) => this.open(url, { ...options, headers }), { faultOf });
  }

  /** Which machines a URL leads to now: addresses that may be called, one at least. @throws OutboundError */
  addressesOf(url: string, { timeoutMs, signal }: Pick<OutboundRequest, 'timeoutMs' | 'signal'>): Promise<string[]> {
    return this.within(timeoutMs, signal, (deadline) => {
      const target = targetOf(url, ['http:', 'https:', 'ws:', 'wss:']);
      return new Promise((resolve, reject) => {
        deadline.watch(reject);
        this.dialer.addressesOf(target).then(resolve, reject);
      });
    });
  }

  /** The last of the hooks: who stops in `beforeApplicationShutdown` may still call there. Calls in flight fail. */
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
    ...request
  }: OutboundRequest): Promise<OutboundAnswer> {
    return this.within(timeoutMs, signal, (deadline) => {
      const target = { ...targetOf(url, ['http:', 'https:']), ...(addresses && { addresses }) };
      this.dialer.check(target);
      const { method, headers = {}, body, maxResponseBytes } = request;
      const connectTimeoutMs = request.connectTimeoutMs ?? this.settings.connectTimeout;
      const message = { method, path: target.path, headers, body, maxResponseBytes, connectTimeoutMs };
      return this.pools.of(share, target).exchange(message, deadline);
    });
  }

  private async open(
    url: string,
    { headers = {}, timeoutMs, maxPayload, signal, addresses }: WebSocketOptions,
  ): Promise<WebSocket> {
    const webSocket = await this.within(timeoutMs, signal, (deadline) => {
      const target = { ...targetOf(url, ['ws:', 'wss:']), ...(addresses && { addresses }) };
      return openWebSocket({ url, headers, maxPayload }, target, this.dialer, deadline);
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

function faultOf(error: unknown): string {
  return error instanceof OutboundError ? error.kind : 'invalid-request';
}

function stopping(): OutboundError {
  return new OutboundError('cancelled', 'the service is stopping');
}
