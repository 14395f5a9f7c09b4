import { LRUCache } from 'lru-cache';
import { effectiveAddress } from '#outbound';

const MAX_HOSTS = 10_000;

interface Host {
  key: string;
  running: number;
  /** Probes that may begin now. */
  tokens: number;
  /** When `tokens` was computed, by `performance.now()`. */
  at: number;
}

export interface HostLimits {
  /** Probes at a time, of all hosts. */
  concurrency: number;
  /** Probes of one host that may begin in a second; 0: no limit. */
  perSecond: number;
}

/**
 * Limits the probes of one host, whatever the number of Skills, ports and paths on it: by a token bucket, and to as many at
 * a time as it leaves free for other hosts. So a host that hangs does not delay the probes of others.
 */
export class HostGate {
  private readonly hosts = new LRUCache<string, Host>({ max: MAX_HOSTS });
  /** Hosts with a probe in progress, which must not be forgotten. */
  private readonly busy = new Map<string, Host>();
  private running = 0;

  constructor(private readonly limits: HostLimits) {}

  /** The number of hosts in memory. */
  get tracked(): number {
    return this.hosts.size;
  }

  /** Begins a probe of a host with these addresses. Returns a function to end it, or undefined if it must wait. */
  tryEnter(addresses: readonly string[], now = performance.now()): (() => void) | undefined {
    const hosts = [...new Set(addresses.map(hostKey))].map((key) => this.getHost(key, now));
    const { perSecond, concurrency } = this.limits;
    const places = Math.max(1, concurrency - this.running);
    if (hosts.some((host) => host.running >= places || (perSecond > 0 && host.tokens < 1))) return undefined;
    for (const host of hosts) {
      host.running += 1;
      host.tokens -= 1;
      this.busy.set(host.key, host);
    }
    this.running += 1;
    return () => {
      for (const host of hosts) {
        host.running -= 1;
        if (host.running === 0) this.busy.delete(host.key);
      }
      this.running -= 1;
    };
  }

  private getHost(key: string, now: number): Host {
    const { perSecond } = this.limits;
    const host = this.busy.get(key) ?? this.hosts.get(key) ?? { key, running: 0, tokens: perSecond, at: now };
    host.tokens = Math.min(perSecond, host.tokens + ((now - host.at) / 1000) * perSecond);
    host.at = now;
    this.hosts.set(key, host);
    return host;
  }
}

/** The same for every notation of an address. An IPv6 /64 network is one host: its owner has all of its addresses. */
function hostKey(text: string): string {
  const address = effectiveAddress(text);
  return address.kind() === 'ipv4' ? address.toString() : address.toNormalizedString().split(':', 4).join(':');
}
