import { AuditChain } from '../../../../test/support/audit-chain.js';
import { AuditRetention } from './audit-retention.js';

const DAY_MS = 24 * 3600 * 1000;

describe('the audit log after 90 days', () => {
  let chain: AuditChain;
  beforeAll(async () => {
    chain = await AuditChain.start();
  });
  beforeEach(() => chain.reset());
  afterAll(() => chain.stop());

  const retention = () => new AuditRetention(chain.transactions, chain.log);
  const sealAt = async (days: number, count: number) => {
    await chain.write(count, days * DAY_MS);
    await chain.sealer.seal();
    await chain.tamper(
      `WITH b AS (UPDATE audit_blocks SET created_at = now() - $1 * interval '1 day'
         WHERE number = (SELECT max(number) FROM audit_blocks) RETURNING number, created_at)
       UPDATE audit_seals s SET created_at = b.created_at FROM b WHERE s.block_number = b.number`,
      [days],
    );
  };

  it('begins later, and still holds', async () => {
    for (const days of [200, 120, 91, 89, 1]) await sealAt(days, 3);
    expect(await chain.verify()).toMatchObject({ blocks: 5, entries: 15, fault: null });
    expect(await retention().purge()).toBe(3);
    expect(await chain.verify()).toMatchObject({ blocks: 2, entries: 6, unsealed: 1, fault: null });
    await chain.sealer.seal();
    expect(await chain.verify()).toMatchObject({ blocks: 3, entries: 7, unsealed: 0, fault: null });
    expect(await chain.database.query(`SELECT target FROM audit_entries WHERE action = 'audit.purge'`)).toEqual([
      { target: 'audit_block:3' },
    ]);
    expect(await retention().purge()).toBe(0);
    // A beginning that was cut further shows.
    await chain.tamper('DELETE FROM audit_blocks WHERE number = 4');
    expect((await chain.verify()).fault).toMatch(/^block 4 is missing: the log does not say/);
  });

  it('keeps the newest block, where the chain continues, and entries without a seal', async () => {
    await sealAt(200, 3);
    await sealAt(120, 3);
    await chain.write(1, 100 * DAY_MS);
    expect(await retention().purge()).toBe(1);
    await chain.sealer.seal();
    expect(await chain.verify()).toMatchObject({
      blocks: 2,
      entries: 5,
      unsealed: 0,
      fault: null,
      head: { number: 3 },
    });
  });

  it('deletes no block that has an older one before it, which is too young', async () => {
    await sealAt(89, 3);
    await sealAt(200, 3);
    await sealAt(1, 3);
    expect(await retention().purge()).toBe(0);
  });

  it('lets two replicas delete at once', async () => {
    for (const days of [200, 120, 91, 1]) await sealAt(days, 3);
    const purged = await Promise.all([retention().purge(), retention().purge()]);
    expect(purged.toSorted()).toEqual([0, 3]);
    await chain.sealer.seal();
    expect(await chain.verify()).toMatchObject({ fault: null });
  });

  it('lets nobody delete what is younger, by a day', async () => {
    await chain.write(1, 89 * DAY_MS);
    await expect(chain.database.query('DELETE FROM audit_entries')).rejects.toThrow('append-only');
  });
});
