import { UnavailableError } from '#common';
import { SecuritySettings } from '#config';
import { SecretHasher } from './secret-hasher.js';

describe('SecretHasher', () => {
  const hasher = new SecretHasher({ argon2Memory: 8 });

  it('hashes with Argon2id and at least the cost that OWASP names, unless a setting says otherwise', async () => {
    const hash = await new SecretHasher(new SecuritySettings()).hash('secret');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('checks a few secrets at a time, lets a limited number wait, and refuses the rest', async () => {
    const cheap = await hasher.hash('secret');
    const checks = await Promise.allSettled(Array.from({ length: 1000 }, () => hasher.verify(cheap, 'secret')));
    const done = checks.filter(({ status }) => status === 'fulfilled');
    const refused = checks.filter((check) => check.status === 'rejected');
    expect([done.length, refused.length]).toEqual([403, 597]);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(UnavailableError);
    await expect(hasher.verify(cheap, 'another')).resolves.toBe(false);
  });

  it('checks secrets of known clients before all others that wait, and when too many of those do', async () => {
    const cheap = await hasher.hash('secret');
    const order: string[] = [];
    const check = (who: string, isKnown: boolean) =>
      hasher.verify(cheap, 'secret', isKnown).then(
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
