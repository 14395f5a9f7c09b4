import { AddressGuard } from './address-guard.js';

describe('AddressGuard', () => {
  const guard = new AddressGuard([]);

  it.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '::ffff:10.0.0.1', '2002:a00:1::1']],
    ['linkLocal', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', '64:ff9b::a9fe:a9fe']],
    ['uniqueLocal', ['fc00::1', 'fd00:ec2::254']],
    ['carrierGradeNat', ['100.64.0.1', '100.100.100.200']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0']],
    ['broadcast', ['255.255.255.255']],
    ['reserved', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '192.0.0.192', '198.18.0.1', '240.0.0.1', '2001:db8::1']],
    ['metadata', ['168.63.129.16', '::ffff:168.63.129.16']],
    // NAT64 for local use, IPv4-compatible, Teredo, site-local, SRv6.
    ['rfc6052', ['64:ff9b:1::a00:1']],
    ['reserved', ['::7f00:1', '4000::1']],
    ['teredo', ['2001:0:7f00:1::']],
    ['deprecatedSiteLocal', ['fec0::1']],
    ['segmentRouting', ['5f00::1']],
  ])('refuses %s addresses: %p', (range, addresses) => {
    for (const address of addresses) expect([address, guard.findRefusal(address)]).toEqual([address, range]);
  });

  it('lets public addresses pass, also inside of IPv6', () => {
    for (const address of [
      '1.1.1.1',
      '172.15.255.255',
      '172.32.0.1',
      '100.128.0.1',
      '2606:4700::1111',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
      '2002:808:808::1',
    ]) {
      expect([address, guard.findRefusal(address)]).toEqual([address, undefined]);
    }
  });

  it('lets pass what is allowed on top, in whatever notation, and nothing beside it', () => {
    const allowed = new AddressGuard(['10.1.0.0/16', '192.168.1.7', 'fd00::/8', '::ffff:172.16.0.0/108']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.168.1.7', 'fd12::1', '172.16.5.5']) {
      expect([address, allowed.findRefusal(address)]).toEqual([address, undefined]);
    }
    for (const address of ['10.2.0.1', '::ffff:10.2.0.1', '192.168.1.8', 'fc00::1', '127.0.0.1', '::1']) {
      expect([address, allowed.findRefusal(address)]).not.toEqual([address, undefined]);
    }
  });

  it('lets everything pass where everything is allowed', () => {
    const open = new AddressGuard(['0.0.0.0/0', '::/0']);
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '::ffff:10.0.0.1']) {
      expect(open.findRefusal(address)).toBeUndefined();
    }
  });
});
