import { HostGate } from './host-gate.js';

/** IPv4-mapped, as a URL writes it too; NAT64; 6to4. */
const SAME = ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '64:ff9b::c000:201', '2002:c000:201::1'];

describe('the gate of hosts', () => {
  /** How many of 10,000 probes of one host begin in so many seconds, each of which takes so many milliseconds. */
  const begun = (gate: HostGate, seconds: number, takesMs: number, addressOf: (n: number) => string): number => {
    let count = 0;
    let ends: { at: number; leave: () => void }[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const now = (n / 10_000) * seconds * 1000;
      for (const { at, leave } of ends) if (at <= now) leave();
      ends = ends.filter(({ at }) => at > now);
      const leave = gate.tryEnter([addressOf(n)], now);
      if (!leave) continue;
      count += 1;
      ends.push({ at: now + takesMs, leave });
    }
    return count;
  };

  it.each([
    ['one address', () => '192.0.2.1'],
    ['an address written in every way', (n: number) => SAME[n % SAME.length] ?? ''],
    ['one IPv6 network', (n: number) => `2001:db8:1:2::${n.toString(16)}`],
  ])('begins so many probes of %s in a second, however many are due', (_, addressOf) => {
    expect(begun(new HostGate({ concurrency: 32, perSecond: 20 }), 30, 1, addressOf)).toBeLessThanOrEqual(20 * 31);
    expect(begun(new HostGate({ concurrency: 32, perSecond: 20 }), 30, 1, addressOf)).toBeGreaterThan(20 * 29);
    expect(begun(new HostGate({ concurrency: 32, perSecond: 0 }), 30, 1, addressOf)).toBe(10_000);
  });

  it('leaves places to others while a host hangs', () => {
    const gate = new HostGate({ concurrency: 32, perSecond: 0 });
    const of = (address: string) => Array.from({ length: 100 }, () => gate.tryEnter([address], 0)).filter(Boolean);
    expect(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => of(address).length)).toEqual([16, 8, 4]);
    const [leave] = of('10.0.0.4');
    leave?.();
    expect(gate.tryEnter(['10.0.0.5'], 0)).toBeDefined();
  });

  it('counts a name for all addresses that it has', () => {
    const gate = new HostGate({ concurrency: 32, perSecond: 1 });
    expect(gate.tryEnter(['192.0.2.1', '192.0.2.2'], 0)).toBeDefined();
    expect(gate.tryEnter(['192.0.2.2'], 0)).toBeUndefined();
    expect(gate.tryEnter(['192.0.2.3'], 0)).toBeDefined();
  });

  it('is bounded, and forgets no host with a probe in progress', () => {
    const gate = new HostGate({ concurrency: 4, perSecond: 20 });
    const hang = () => gate.tryEnter(['192.0.2.1'], 0);
    const [leave] = [hang(), hang()];
    expect(hang()).toBeUndefined();
    for (let n = 0; n < 30_000; n += 1) gate.tryEnter([`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`], n)?.();
    expect(gate.tracked).toBe(10_000);
    expect(hang()).toBeUndefined();
    leave?.();
    expect(hang()).toBeDefined();
  });
});
