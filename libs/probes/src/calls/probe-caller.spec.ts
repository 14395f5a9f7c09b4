import { ProbesSettings, SecuritySettings } from '#config';
import { MetricsService } from '#metrics';
import type { AddressLookup } from '#outbound';
import { SkillSecrets } from '#skills';
import { DataSource } from 'typeorm';
import { endOutbound, outboundClient, serve } from '../../../../test/support/outbound.js';
import { ProbeCaller } from './probe-caller.js';
import type { ProbeClaim } from '../probe-claim.js';
import { ProbeMetrics } from '../probe.metrics.js';

describe('a probe', () => {
  afterEach(endOutbound);

  const claimOf = (url: string): ProbeClaim => ({
    endpointId: 'endpoint',
    skillId: 'skill',
    url,
    protocol: url.startsWith('ws') ? 'ws' : 'http',
    parameters: [],
    leased: false,
    isFirst: false,
    token: 'token',
    health: 'healthy',
    failures: 0,
    successes: 0,
  });
  const callerOf = (lookup: AddressLookup, settings: Partial<ProbesSettings> = {}): ProbeCaller =>
    new ProbeCaller(
      outboundClient({}, lookup).client,
      new SkillSecrets(new SecuritySettings(), new DataSource({ type: 'postgres' })),
      new ProbeMetrics(new MetricsService()),
      Object.assign(new ProbesSettings(), settings),
    );

  it.each(['http', 'ws'])('over %s asks no other host than the one that was counted', async (scheme) => {
    const counted = await serve((_, response) => response.end('{}'), '127.0.0.2');
    const flooded = await serve((_, response) => response.end('{}'), '127.0.0.1', counted.port);
    let lookups = 0;
    // The owner of a name could let it lead to a host of its own while that is counted, and then to another host.
    const caller = callerOf(() => {
      lookups += 1;
      return Promise.resolve([{ address: lookups % 2 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
    });
    for (let n = 1; n <= 5; n += 1) {
      expect(await caller.probe(claimOf(`${scheme}://rebinding.test:${counted.port}/`), 0)).toBeDefined();
      lookups = 0;
    }
    expect(counted.connections).toHaveLength(5);
    expect(flooded.connections).toHaveLength(0);
  });

  it('fails where a name leads nowhere, and where DNS says nothing in time', async () => {
    const nowhere = callerOf(() => Promise.reject(new Error('no such name')));
    const url = 'http://nobody.test/';
    expect(await nowhere.probe(claimOf(url), 0)).toMatchObject({
      result: 'unhealthy',
      reason: 'its host name has no address',
    });
    const silent = callerOf(() => new Promise(() => undefined), { timeout: 50 });
    expect(await silent.probe(claimOf(url), 0)).toMatchObject({
      result: 'unhealthy',
      reason: 'no complete answer within 50 ms',
    });
    const stop = new AbortController();
    const stopped = silent.probe(claimOf(url), 0, stop.signal);
    stop.abort();
    expect(await stopped).toBeUndefined();
  });
});
