import { createHash } from 'node:crypto';
import { type BlockForm, BlockHash, GENESIS_HASH, type SealedEntry } from './audit-block.js';
import { canonicalJson } from '#common';

const entry = (overrides: Partial<SealedEntry> = {}): SealedEntry => ({
  id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10',
  actor: 'weather-team',
  action: 'skill.register',
  target: 'skill:1',
  result: 'success',
  reason: null,
  before_digest: null,
  after_digest: 'a'.repeat(64),
  trace_id: 'b'.repeat(32),
  address: '127.0.0.1',
  space_ids: ['building-7'],
  created_at: '2026-01-18T00:00:00.000001Z',
  updated_at: '2026-01-18T00:00:00.000001Z',
  ...overrides,
});

function hashOf(entries: SealedEntry[], number = 1, previous = GENESIS_HASH, form: BlockForm = 2): string {
  const hash = new BlockHash(form);
  for (const one of entries) hash.add(one);
  expect(hash.entries).toBe(entries.length);
  return hash.digest(number, previous);
}

describe('the hash of a block', () => {
  it('is SHA-256 of the canonical JSON of all that it covers', () => {
    const entries = [entry({ reason: 'expired' }), entry({ reason: 'revoked', actor: '天气"\\' })];
    const text = canonicalJson({ previous_hash: GENESIS_HASH, number: 7, entries, form: 2 });
    expect(hashOf(entries, 7)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('of a block of an older release covers what that release knew: no Spaces, and no reason if there is none', () => {
    const { reason: _reason, space_ids: _spaces, ...old } = entry();
    const text = canonicalJson({ previous_hash: GENESIS_HASH, number: 1, entries: [old] });
    expect(hashOf([entry({ reason: null })], 1, GENESIS_HASH, null)).toBe(
      createHash('sha256').update(text).digest('hex'),
    );
  });

  it('differs when anything of it does', () => {
    const seen = new Set([
      hashOf([entry()]),
      ...Object.keys(entry()).map((column) => hashOf([entry({ [column]: 'other' })])),
      hashOf([entry()], 2),
      hashOf([entry()], 1, 'f'.repeat(64)),
      hashOf([entry(), entry()]),
      hashOf([entry(), entry({ id: 'b' })]),
      hashOf([entry({ id: 'b' }), entry()]),
      hashOf([entry({ before_digest: '' })]),
      hashOf([entry({ space_ids: null })]),
      hashOf([entry()], 1, GENESIS_HASH, null),
    ]);
    expect(seen.size).toBe(Object.keys(entry()).length + 9);
  });
});
