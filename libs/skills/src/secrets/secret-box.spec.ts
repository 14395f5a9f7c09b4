import { randomBytes } from 'node:crypto';
import { SecretBox, type SecretPlace, SecretUnreadableError } from './secret-box.js';

const PLACE: SecretPlace = { table: 'skill_metadata', ownerId: '0190a5a0-0000-7000-8000-000000000001', key: 'api_key' };
const TEXT = 'a secret, 秘密 🔑';

describe('the box of secrets', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const box = new SecretBox(first);

  it('gives back what went in, and writes it differently each time', () => {
    const stored = [box.encrypt(TEXT, PLACE), box.encrypt(TEXT, PLACE)];
    expect(stored.map((text) => box.decrypt(text, PLACE))).toEqual([TEXT, TEXT]);
    expect(stored[0]).not.toBe(stored[1]);
    expect(stored[0]).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/);
  });

  it('has room for the longest value', () => {
    expect(box.encrypt('🔑'.repeat(512), PLACE).length).toBeLessThanOrEqual(3072);
  });

  it.each<Partial<SecretPlace>>([
    { table: 'endpoint_params' },
    { ownerId: '0190a5a0-0000-7000-8000-000000000002' },
    { key: 'api_kex' },
  ])('refuses a ciphertext at another place: %p', (other) => {
    const stored = box.encrypt(TEXT, PLACE);
    expect(() => box.decrypt(stored, { ...PLACE, ...other })).toThrow(SecretUnreadableError);
  });

  it('refuses what was changed, anywhere', () => {
    const stored = box.encrypt(TEXT, PLACE);
    for (const [index, part] of stored.split('.').entries()) {
      const parts = stored.split('.');
      parts[index] = (part.startsWith('A') ? 'B' : 'A') + part.slice(1);
      expect(() => box.decrypt(parts.join('.'), PLACE)).toThrow(SecretUnreadableError);
    }
    for (const text of ['', 'v1', 'v1...', `${stored}.x`, stored.slice(0, 40)]) {
      expect(() => box.decrypt(text, PLACE)).toThrow(SecretUnreadableError);
    }
  });

  it('reads with previous keys, and writes with the present one', () => {
    const old = box.encrypt(TEXT, PLACE);
    const rotated = new SecretBox(second, [first]);
    expect([rotated.decrypt(old, PLACE), rotated.isCurrent(old)]).toEqual([TEXT, false]);
    const fresh = rotated.encrypt(TEXT, PLACE);
    expect(rotated.isCurrent(fresh)).toBe(true);
    expect(() => box.decrypt(fresh, PLACE)).toThrow(/is not known/);
  });

  it('without a key encrypts nothing', () => {
    const reader = new SecretBox(undefined, [first]);
    expect(reader.canEncrypt).toBe(false);
    expect(reader.decrypt(box.encrypt(TEXT, PLACE), PLACE)).toBe(TEXT);
    expect(() => reader.encrypt(TEXT, PLACE)).toThrow('there is no key');
  });
});
