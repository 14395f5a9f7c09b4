import { hash } from '@node-rs/argon2';
import { UnavailableError } from '#common';
import { verifySecret } from './secret-hash.js';

describe('verifySecret', () => {
  it('checks some at a time and lets some wait; the others are told to come again', async () => {
    const cheap = await hash('secret', { memoryCost: 8, timeCost: 1, parallelism: 1 });
    const checks = await Promise.allSettled(Array.from({ length: 1000 }, () => verifySecret(cheap, 'secret')));
    const done = checks.filter(({ status }) => status === 'fulfilled');
    const refused = checks.filter((check) => check.status === 'rejected');
    expect([done.length, refused.length]).toEqual([403, 597]);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(UnavailableError);
    await expect(verifySecret(cheap, 'another')).resolves.toBe(false);
  });

  it('checks secrets of known clients before all others that wait, and when too many of those do', async () => {
    const cheap = await hash('secret', { memoryCost: 8, timeCost: 1, parallelism: 1 });
    const order: string[] = [];
    const check = (who: string, isKnown: boolean) =>
      verifySecret(cheap, 'secret', isKnown).then(
        () => order.push(who),
        () => order.push('refused'),
      );
    const others = Array.from({ length: 500 }, () => check('other', false));
    await Promise.all([check('known', true), ...others]);
    // Behind those that were under way already.
    expect(order.filter((who) => who !== 'refused').indexOf('known')).toBeLessThanOrEqual(6);
    expect(order.filter((who) => who === 'refused')).toHaveLength(97);
  });
});
