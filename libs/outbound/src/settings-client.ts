import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { httpVerdict, traceCall, TRACER, type Tracer } from '#tracing';
import { Deadline } from './deadline.js';
import { ADDRESS_LOOKUP, type AddressLookup, systemLookup } from './guard/address-lookup.js';
import { Dialer } from './guard/dialer.js';
import { SettingsGuard } from './guard/settings-guard.js';
import { parseTarget } from './guard/target.js';
import type { OutboundAnswer } from './http/exchange.js';
import { OriginPools } from './http/origin-pools.js';

export interface SettingsRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Milliseconds for the whole call, until the response is complete. */
  timeoutMs: number;
  maxResponseBytes: number;
}

const SCHEMES = ['http:', 'https:'];
/** Settings name a few servers, and there are few calls at a time. */
const LIMITS = { maxOrigins: 16, maxConnections: 16 };
const VERDICT = httpVerdict<OutboundAnswer>(({ status }) => status);

/**
 * Calls servers that a setting names: the upstream registry, an identity provider. Like `OutboundClient`, with the policy
 * of `SettingsGuard`: no redirect is followed, nothing is retried (docs/adr/0032).
 */
@Injectable()
export class SettingsClient implements OnApplicationShutdown {
  private readonly pools: OriginPools;

  constructor(
    @Optional() @Inject(ADDRESS_LOOKUP) lookup: AddressLookup = systemLookup,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {
    this.pools = new OriginPools(new Dialer(new SettingsGuard(), lookup), LIMITS);
  }

  /** Returns the response, whatever its status. @throws OutboundError */
  request(request: SettingsRequest): Promise<OutboundAnswer> {
    if (this.tracer === undefined) return this.send(request);
    const { method, url, headers } = request;
    const call = { name: method, url, headers, attributes: { 'http.request.method': method } };
    return traceCall(this.tracer, call, (traced) => this.send({ ...request, headers: traced }), VERDICT);
  }

  /** In the last shutdown hook: other rooms may still call in `beforeApplicationShutdown`. */
  onApplicationShutdown(): void {
    this.pools.destroy();
  }

  private async send({ url, timeoutMs, ...request }: SettingsRequest): Promise<OutboundAnswer> {
    const deadline = new Deadline(timeoutMs);
    try {
      const message = { ...request, body: request.body, connectTimeoutMs: timeoutMs };
      return await this.pools.exchange('', parseTarget(url, SCHEMES), message, deadline);
    } finally {
      deadline.clear();
    }
  }
}

/** An agent for a library that makes its own requests to a URL of the settings: it connects by the same policy. */
export function settingsAgent(url: string, options: AgentOptions = {}, lookup = systemLookup): HttpAgent | HttpsAgent {
  const dialer = new Dialer(new SettingsGuard(), lookup);
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  return Object.assign(agent, {
    createConnection: (_: unknown, callback?: (error: Error | null, stream?: Duplex) => void): Duplex | undefined => {
      try {
        return dialer.dial(parseTarget(url, SCHEMES));
      } catch (error) {
        callback?.(error as Error);
        return undefined;
      }
    },
  });
}
