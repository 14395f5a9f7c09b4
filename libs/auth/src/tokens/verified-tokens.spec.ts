import { jest } from '@jest/globals';
import { type Credential, VerifiedTokens } from './verified-tokens.js';

const NOW = 1_800_000_000;

describe('VerifiedTokens', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW * 1000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const credential = (expiresAt = NOW + 60): Credential => ({
    identity: { clientId: 'me', role: 'viewer', permissions: new Set() },
    revocable: { clientId: 'me' },
    expiresAt,
  });

  it('gives back what a token turned out to be, and nothing for another', () => {
    const tokens = new VerifiedTokens();
    const added = credential();
    tokens.add('a.b.c', added);
    expect(tokens.get('a.b.c')).toBe(added);
    expect(tokens.get('a.b.C')).toBeUndefined();
  });

  it('forgets a token when it expires, with the leeway of a signature check', () => {
    const tokens = new VerifiedTokens();
    tokens.add('a.b.c', credential(NOW + 60));
    jest.setSystemTime((NOW + 64) * 1000);
    expect(tokens.get('a.b.c')).toBeDefined();
    jest.setSystemTime((NOW + 65) * 1000);
    expect(tokens.get('a.b.c')).toBeUndefined();
    jest.setSystemTime(NOW * 1000);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('is bounded, and lets go of the one that was used least recently', () => {
    const tokens = new VerifiedTokens(3);
    for (const name of ['a', 'b', 'c']) tokens.add(name, credential());
    tokens.get('a');
    tokens.add('d', credential());
    expect(['a', 'b', 'c', 'd'].filter((name) => tokens.get(name) !== undefined)).toEqual(['a', 'c', 'd']);
  });
});
