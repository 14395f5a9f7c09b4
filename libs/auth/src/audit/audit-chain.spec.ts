import { randomUUID } from 'node:crypto';
import { AUDIT_ACTOR, AUDIT_TABLES, AuditChain } from '../../../../test/support/audit-chain.js';
import { BlockHash, GENESIS_HASH, SEALED_ENTRY_COLUMNS, type SealedEntry } from './audit-block.js';
import { AuditSealer } from './audit-sealer.js';

describe('the chain of the audit log', () => {
  let chain: AuditChain;
  beforeAll(async () => {
    chain = await AuditChain.start();
  });
  beforeEach(() => chain.reset());
  afterAll(() => chain.stop());

  it.each(AUDIT_TABLES)('prevents the change, deletion and truncation of %s', async (table) => {
    await chain.write(3);
    await chain.sealer.seal();
    const refused = [
      `UPDATE ${table} SET updated_at = now()`,
      `UPDATE ${table} SET id = id`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `TRUNCATE ${table} CASCADE`,
      `INSERT INTO ${table} SELECT * FROM ${table} ON CONFLICT (id) DO UPDATE SET created_at = now()`,
    ];
    const before = await chain.database.query(`SELECT * FROM ${table}`);
    for (const statement of refused) await expect(chain.database.query(statement)).rejects.toThrow('append-only');
    expect(await chain.database.query(`SELECT * FROM ${table}`)).toEqual(before);
    expect(await chain.verify()).toMatchObject({ blocks: 1, entries: 3, fault: null });
  });

  it('has nothing to say of an empty log', async () => {
    expect(await chain.sealer.seal()).toBe(0);
    expect(await chain.verify()).toEqual({ blocks: 0, entries: 0, unsealed: 0, head: null, fault: null });
  });

  it('seals everything once, a thousand at a time, the oldest first', async () => {
    await chain.write(2_500);
    expect(await chain.verify()).toMatchObject({ blocks: 0, entries: 0, unsealed: 2_500 });
    expect(await chain.sealer.seal()).toBe(2_500);
    expect(await chain.sealer.seal()).toBe(0);
    await chain.write(1);
    expect(await chain.sealer.seal()).toBe(1);
    const sizes = await chain.database.query('SELECT number::int, entries FROM audit_blocks ORDER BY number');
    expect(sizes).toEqual([1_000, 1_000, 500, 1].map((entries, index) => ({ number: index + 1, entries })));
    const { head, ...report } = await chain.verify();
    expect(report).toEqual({ blocks: 4, entries: 2_501, unsealed: 0, fault: null });
    expect(head).toEqual({ number: 4, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  describe('shows tampering', () => {
    // Three blocks of two entries.
    beforeEach(async () => {
      for (let block = 0; block < 3; block += 1) {
        await chain.write(2);
        await chain.sealer.seal();
      }
      expect(await chain.verify()).toMatchObject({ blocks: 3, entries: 6, unsealed: 0, fault: null });
    });

    const inBlock = (number: number) =>
      `(SELECT id FROM audit_seals WHERE block_number = ${number} ORDER BY id LIMIT 1)`;
    const COLUMNS = {
      actor: `'x'`,
      action: `'x'`,
      target: `'x'`,
      result: `'denied'`,
      before_digest: 'NULL',
      after_digest: `repeat('0', 64)`,
      trace_id: `'x'`,
      address: `'x'`,
      space_ids: `'{x}'`,
      created_at: `created_at + interval '1 microsecond'`,
      updated_at: `updated_at - interval '1 microsecond'`,
    };

    it.each(Object.entries(COLUMNS))('of an entry: its %s', async (column, value) => {
      await chain.tamper(`UPDATE audit_entries SET ${column} = ${value} WHERE id = ${inBlock(2)}`);
      expect(await chain.verify()).toMatchObject({ blocks: 1, entries: 2, fault: 'block 2: its entries were altered' });
    });

    it.each([
      [
        'a deleted entry',
        `DELETE FROM audit_entries WHERE id = ${inBlock(2)}`,
        /^block 2: its entry [0-9a-f-]{36} is missing$/,
      ],
      [
        'an entry deleted with its seal',
        `WITH gone AS (DELETE FROM audit_seals WHERE id = ${inBlock(3)} RETURNING id)
         DELETE FROM audit_entries WHERE id IN (SELECT id FROM gone)`,
        /^block 3: 1 of its 2 entries are missing$/,
      ],
      [
        'an inserted entry',
        `WITH extra AS (INSERT INTO audit_entries (id, actor, action, target, result, trace_id, address)
           VALUES (gen_random_uuid(), 'x', 'x', 'x', 'success', 'x', 'x') RETURNING id)
         INSERT INTO audit_seals (id, block_number) SELECT id, 1 FROM extra`,
        /^block 1: it has 1 entries more than were sealed$/,
      ],
      [
        'an exchanged entry',
        `WITH extra AS (INSERT INTO audit_entries (id, actor, action, target, result, trace_id, address)
           VALUES (gen_random_uuid(), 'x', 'x', 'x', 'success', 'x', 'x') RETURNING id)
         UPDATE audit_seals SET id = extra.id FROM extra WHERE audit_seals.id = ${inBlock(1)}`,
        /^block 1: its entries were altered$/,
      ],
      [
        'entries that swapped their contents',
        `UPDATE audit_entries e SET target = o.target, before_digest = o.before_digest, after_digest = o.after_digest
         FROM audit_entries o, audit_seals s, audit_seals t
         WHERE s.block_number = 2 AND t.block_number = 2 AND e.id = s.id AND o.id = t.id AND e.id <> o.id`,
        /^block 2: its entries were altered$/,
      ],
      [
        'entries that swapped their blocks',
        `UPDATE audit_seals SET block_number = 3 - block_number WHERE id IN (${inBlock(1)}, ${inBlock(2)})`,
        /^block 1: its entries were altered$/,
      ],
      ['a deleted block', 'DELETE FROM audit_blocks WHERE number = 2', /^block 2 is missing$/],
      ['a last block deleted alone', 'DELETE FROM audit_blocks WHERE number = 3', /the block 3 .* is missing$/],
      ['all blocks deleted', 'DELETE FROM audit_blocks', /the block 1 .* is missing$/],
      ['a first block deleted', 'DELETE FROM audit_blocks WHERE number = 1', /^block 1 is missing: /],
      [
        'a first block deleted with its entries',
        `WITH gone AS (DELETE FROM audit_seals WHERE block_number = 1 RETURNING id),
           entries AS (DELETE FROM audit_entries WHERE id IN (SELECT id FROM gone))
         DELETE FROM audit_blocks WHERE number = 1`,
        /^block 1 is missing: /,
      ],
      [
        'a hash',
        `UPDATE audit_blocks SET hash = repeat('0', 64) WHERE number = 2`,
        /^block 2: its entries were altered$/,
      ],
      [
        'a link',
        `UPDATE audit_blocks SET previous_hash = repeat('0', 64) WHERE number = 2`,
        /^block 2: it names another hash of the block before it$/,
      ],
      [
        'what the hash of a block covers, to hide Spaces that were changed',
        'UPDATE audit_blocks SET form = NULL WHERE number = 2',
        /^block 2: its entries were altered$/,
      ],
      ['a size', 'UPDATE audit_blocks SET entries = 1 WHERE number = 2', /^block 2: it has 1 entries more/],
      [
        'renumbered blocks',
        'UPDATE audit_blocks SET number = number + 10',
        /^block 10 is missing: |the block 1 .* is missing$/,
      ],
    ])('of %s', async (_, statement, fault) => {
      await chain.tamper(statement);
      expect((await chain.verify()).fault).toMatch(fault);
    });

    it('of an end that was made anew, against a block that was noted', async () => {
      const { head: noted } = await chain.verify();
      if (!noted) throw new Error('there is no head');
      await chain.tamper(`DELETE FROM audit_blocks WHERE number >= 2`);
      await chain.tamper(`DELETE FROM audit_seals WHERE block_number >= 2`);
      await chain.tamper(
        `UPDATE audit_entries SET actor = 'x' WHERE id = (SELECT max(id::text)::uuid FROM audit_entries)`,
      );
      await new AuditSealer(chain.transactions).seal();
      await chain.write(1);
      await chain.sealer.seal();
      expect(await chain.verify()).toMatchObject({ fault: null });
      expect(await chain.verify(noted)).toMatchObject({
        fault: 'block 3: it is not the one that was noted',
      });
    });

    it('of an end that was cut, against a block that was noted', async () => {
      const { head: noted } = await chain.verify();
      if (!noted) throw new Error('there is no head');
      await chain.write(1);
      await chain.sealer.seal();
      expect(await chain.verify(noted)).toMatchObject({ blocks: 4, fault: null });
      for (const table of AUDIT_TABLES) await chain.tamper(`DELETE FROM ${table}`);
      expect(await chain.verify()).toMatchObject({ fault: null });
      expect(await chain.verify(noted)).toMatchObject({ fault: 'block 3 is missing' });
    });

    it('which an entry that nobody sealed is not: it counts as new', async () => {
      await chain.write(1);
      expect(await chain.verify()).toMatchObject({ blocks: 3, unsealed: 1, fault: null });
    });
  });

  it('holds where a replica of the release before has sealed entries of this one, without their Spaces', async () => {
    await chain.transactions.run((tx) =>
      chain.log.record(tx, { ...AUDIT_ACTOR, spaces: ['one'] }, [
        { action: 'skill.update', target: 'skill:1' },
        { action: 'skill.update', target: 'skill:2', spaces: ['two', null, 'two'] },
      ]),
    );
    const entries = await chain.database.query<SealedEntry>(
      `SELECT ${SEALED_ENTRY_COLUMNS} FROM audit_entries e ORDER BY e.id`,
    );
    expect(entries.map(({ space_ids }) => space_ids)).toEqual([['one'], ['two']]);
    const hash = new BlockHash(null);
    for (const entry of entries) hash.add(entry);
    await chain.database.query(
      `INSERT INTO audit_blocks (id, number, entries, previous_hash, hash) VALUES (gen_random_uuid(), 1, 2, $1, $2)`,
      [GENESIS_HASH, hash.digest(1, GENESIS_HASH)],
    );
    await chain.database.query('INSERT INTO audit_seals (id, block_number) SELECT id, 1 FROM audit_entries');
    await chain.write(1);
    await chain.sealer.seal();
    expect(await chain.verify()).toMatchObject({ blocks: 2, entries: 3, unsealed: 0, fault: null });
  });

  describe('with others at work', () => {
    it('lets two sealers and many writers go on at once', async () => {
      const sealers = [chain.sealer, new AuditSealer(chain.transactions)];
      let writing = true;
      const seal = async (one: AuditSealer) => {
        while (writing) await one.seal();
      };
      const sealing = sealers.map(seal);
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let round = 0; round < 25; round += 1) await chain.write(10);
        }),
      );
      writing = false;
      await Promise.all(sealing);
      await chain.sealer.seal();
      expect(await chain.verify()).toMatchObject({ entries: 2_000, unsealed: 0, fault: null });
    });

    it('seals what commits late', async () => {
      await chain.dataSource.transaction(async (tx) => {
        await chain.log.record(tx, AUDIT_ACTOR, [{ action: 'late', target: 'x' }]);
        await chain.write(5);
        expect(await chain.sealer.seal()).toBe(5);
      });
      expect(await chain.sealer.seal()).toBe(1);
      expect(await chain.verify()).toMatchObject({ blocks: 2, entries: 6, unsealed: 0, fault: null });
    });

    it('seals what commits an hour late, or was left behind', async () => {
      await chain.write(5);
      await chain.sealer.seal();
      await chain.write(1, 3_600_000);
      expect(await chain.sealer.seal()).toBe(1);
      await chain.write(1, 24 * 3_600_000);
      expect(await new AuditSealer(chain.transactions).seal()).toBe(1);
      expect(await chain.verify()).toMatchObject({ blocks: 3, entries: 7, unsealed: 0, fault: null });
    });

    it('has no writer wait for a sealer that stands still', async () => {
      await chain.write(5);
      await chain.dataSource.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO audit_blocks (id, number, entries, previous_hash, hash) VALUES ($1, 1, 5, 'x', 'x')`,
          [randomUUID()],
        );
        await tx.query('INSERT INTO audit_seals (id, block_number) SELECT id, 1 FROM audit_entries');
        await chain.write(5);
      });
      expect(await chain.database.query('SELECT id FROM audit_entries')).toHaveLength(10);
    });

    it('takes one snapshot, whatever happens meanwhile', async () => {
      await chain.write(3_000);
      await chain.sealer.seal();
      const [report] = await Promise.all([chain.verify(), chain.write(1_500).then(() => chain.sealer.seal())]);
      expect(report.fault).toBeNull();
    });
  });
});
