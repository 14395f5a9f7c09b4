import { addressKey, claimedKey } from './client-key.js';
import { WINDOW_MS, Windows } from './windows.js';

describe('windows', () => {
  it('begin with the first request, and end a minute later', () => {
    const windows = new Windows(10);
    windows.open('one', 1000).count = 7;
    expect(windows.open('one', 1000 + WINDOW_MS - 1)).toMatchObject({ count: 7, resetsAt: 1000 + WINDOW_MS });
    expect(windows.open('one', 1000 + WINDOW_MS)).toMatchObject({ count: 0, resetsAt: 1000 + 2 * WINDOW_MS });
  });

  it('are bounded, and forget the quiet before the loud', () => {
    const windows = new Windows(100);
    windows.open('loud', 0).count = 1_000_000;
    for (let client = 0; client < 10_000; client += 1) windows.open(`client-${client}`, 1).count = 1;
    expect(windows.size).toBe(100);
    expect(windows.find('loud', 1)?.count).toBe(1_000_000);
  });

  it('make room by removing ended ones', () => {
    const windows = new Windows(2);
    windows.open('one', 0).count = 5;
    windows.open('two', WINDOW_MS / 2);
    windows.open('three', WINDOW_MS);
    expect([windows.find('one', WINDOW_MS), windows.size]).toEqual([undefined, 2]);
    windows.sweep(3 * WINDOW_MS);
    expect(windows.size).toBe(0);
  });
});

describe('the key of an address', () => {
  it.each([
    ['10.1.2.3', 'a:10.1.2.3'],
    ['::ffff:10.1.2.3', 'a:10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', 'a:2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', 'a:2001:db8:1:2::/64'],
    ['2001:db8::1', 'a:2001:db8:0:0::/64'],
    ['::1', 'a:0:0:0:0::/64'],
    ['fe80::1%eth0', 'a:fe80:0:0:0::/64'],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('of a claimed client has one length, and tells the parts apart', () => {
    expect(claimedKey('x'.repeat(1024))).toHaveLength(claimedKey('').length);
    expect(claimedKey('ab', 'c')).not.toBe(claimedKey('a', 'bc'));
  });
});
