import { effectiveAddress } from '#outbound';

/** Hosts that are kept track of; those that nobody probes make room. */
const CAPACITY = 10_000;

interface Host {
  running: number;
  /** Probes that may begin now. */
  tokens: number;
  /** When they were counted, by `performance.now()`. */
  at: number;
}

export interface HostLimits {
  /** Probes at a time, of all hosts. */
  concurrency: number;
  /** Probes of one host that begin in a second; 0: as many as are due. */
  perSecond: number;
}

/**
 * Bounds the probes of one host, whatever the number of Skills, ports and paths that name it: so many begin in a second,
 * and one host holds no more places than it leaves to others, so that one that hangs delays nobody else's probes.
 */
export class HostGate {
  private readonly hosts = new Map<string, Host>();
  private running = 0;

  constructor(private readonly limits: HostLimits) {}

  /** Hosts that are kept track of. */
  get tracked(): number {
    return this.hosts.size;
  }

  /** Begins a probe of what has these addresses. Returns how it ends; undefined: not now. */
  tryEnter(addresses: readonly string[], now = performance.now()): (() => void) | undefined {
    const hosts = [...new Set(addresses.map(hostOf))].map((key) => this.of(key, now));
    const { perSecond, concurrency } = this.limits;
    const places = Math.max(1, concurrency - this.running);
    if (hosts.some((host) => host.running >= places || (perSecond > 0 && host.tokens < 1))) return undefined;
    for (const host of hosts) {
      host.running += 1;
      host.tokens -= 1;
    }
    this.running += 1;
    return () => {
      for (const host of hosts) host.running -= 1;
      this.running -= 1;
    };
  }

  private of(key: string, now: number): Host {
    const { perSecond } = this.limits;
    const host = this.hosts.get(key) ?? { running: 0, tokens: perSecond, at: now };
    host.tokens = Math.min(perSecond, host.tokens + ((now - host.at) / 1000) * perSecond);
    host.at = now;
    // The one that was asked about last stands last.
    this.hosts.delete(key);
    this.makeRoom();
    this.hosts.set(key, host);
    return host;
  }

  private makeRoom(): void {
    if (this.hosts.size < CAPACITY) return;
    for (const [key, { running }] of this.hosts) {
      if (running > 0) continue;
      this.hosts.delete(key);
      return;
    }
  }
}

/** However the address is written. An IPv6 network of 64 bits is one host: it can have as many addresses as its owner likes. */
function hostOf(text: string): string {
  const address = effectiveAddress(text);
  return address.kind() === 'ipv4' ? address.toString() : address.toNormalizedString().split(':', 4).join(':');
}
