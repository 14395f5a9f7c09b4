import { setTimeout as delay } from 'node:timers/promises';
import { SchedulerRegistry } from '@nestjs/schedule';
import { ClaimLoop } from './claim-loop.js';
import type { Claimed } from './claimed.js';

describe('ClaimLoop', () => {
  const loopOf = (claim: () => Promise<Claimed<string>>): ClaimLoop<string> =>
    new ClaimLoop(new SchedulerRegistry(), {
      name: 'test',
      subject: 'The test',
      concurrency: 4,
      pollMs: 60_000,
      leaseMs: 60_000,
      claim,
      work: () => Promise.resolve(),
      renew: () => Promise.resolve(),
    });

  it('claims again at once what others have taken, and not without end while they hold it', async () => {
    let claims = 0;
    const loop = loopOf(async () => {
      claims += 1;
      await delay(1);
      return { items: claims === 5 ? ['item'] : [], isMore: true, isContested: true };
    });
    loop.start();
    for (let before = -1; before < claims;) {
      before = claims;
      await delay(50);
    }
    // Five, of which the last took something, and as many as may be contested after it.
    expect(claims).toBeGreaterThanOrEqual(10);
    expect(claims).toBeLessThanOrEqual(30);
    await loop.stop();
  });
});
