import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { httpVerdict, traceCall, TRACER, type Tracer } from '#tracing';
import { ADDRESS_LOOKUP, type AddressLookup, systemLookup } from './guard/address-lookup.js';
import { Deadline } from './deadline.js';
import { Dialer } from './guard/dialer.js';
import type { OutboundAnswer } from './http/exchange.js';
import { OriginPools } from './http/origin-pools.js';
import { SettingsGuard } from './guard/settings-guard.js';
import { targetOf } from './guard/target.js';

export interface SettingsRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Milliseconds for all of it, the whole answer included. */
  timeoutMs: number;
  maxResponseBytes: number;
}

const SCHEMES = ['http:', 'https:'];
/** The settings name a few servers, and each is asked little at a time. */
const LIMITS = { maxOrigins: 16, maxConnections: 16 };
const VERDICT = httpVerdict<OutboundAnswer>(({ status }) => status);

/**
 * Calls servers that the settings name: the upstream registry, an identity provider. The same dialer as for registered
 * addresses, with the policy of `SettingsGuard`; no redirect is followed, nothing is tried again (docs/adr/0032).
 */
@Injectable()
export class SettingsClient implements OnApplicationShutdown {
  private readonly pools: OriginPools;
  private readonly dialer: Dialer;

  constructor(
    @Optional() @Inject(ADDRESS_LOOKUP) lookup: AddressLookup = systemLookup,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {
    this.dialer = new Dialer(new SettingsGuard(), lookup);
    this.pools = new OriginPools(this.dialer, LIMITS);
  }

  /** Any answer but an informational one. @throws OutboundError */
  request(request: SettingsRequest): Promise<OutboundAnswer> {
    if (this.tracer === undefined) return this.send(request);
    const { method, url, headers } = request;
    const call = { name: method, url, headers, attributes: { 'http.request.method': method } };
    return traceCall(this.tracer, call, (traced) => this.send({ ...request, headers: traced }), VERDICT);
  }

  /** The last of the hooks: who stops in `beforeApplicationShutdown` may still call. */
  onApplicationShutdown(): void {
    this.pools.destroy();
  }

  private async send(request: SettingsRequest): Promise<OutboundAnswer> {
    const { method, url, headers, body, timeoutMs, maxResponseBytes } = request;
    const deadline = new Deadline(timeoutMs, undefined);
    try {
      const target = targetOf(url, SCHEMES);
      this.dialer.check(target);
      const message = { method, path: target.path, headers, body, maxResponseBytes, connectTimeoutMs: timeoutMs };
      return await this.pools.of('', target).exchange(message, deadline);
    } finally {
      deadline.clear();
    }
  }
}

/** For a library that makes its own requests to a URL of the settings: an agent that dials by the same policy. */
export function settingsAgent(url: string, options: AgentOptions = {}, lookup = systemLookup): HttpAgent | HttpsAgent {
  const dialer = new Dialer(new SettingsGuard(), lookup);
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  return Object.assign(agent, {
    createConnection: (_: unknown, callback?: (error: Error | null, stream?: Duplex) => void): Duplex | undefined => {
      try {
        return dialer.dial(targetOf(url, SCHEMES));
      } catch (error) {
        callback?.(error as Error);
        return undefined;
      }
    },
  });
}
