import { type AuditActor, AuditLog } from '#auth';
import type { Transaction } from '#database';
import type { NameLine } from './name.line.js';

/** Result of a line. `left`: unchanged, because its owner has the name. `present`: unchanged, because another client has it. */
export type ImportedName = 'created' | 'replaced' | 'left' | 'present';

const ROWS = `jsonb_to_recordset($1::jsonb) AS x(name text, owner text, held_until timestamptz, shared_with text[])`;

const INSERT = `INSERT INTO skill_names AS n (name, owner, held_until)
  SELECT x.name, x.owner, COALESCE(x.held_until, now()) FROM ${ROWS} ORDER BY x.name
  ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, held_until = EXCLUDED.held_until, updated_at = now()
    WHERE n.held_until <= now() AND NOT EXISTS (SELECT FROM skills s WHERE s.name = n.name)
  RETURNING n.name`;

const REPLACE = `UPDATE skill_names n SET owner = x.owner, held_until = GREATEST(n.held_until, x.held_until), updated_at = now()
  FROM ${ROWS} WHERE n.name = x.name`;

/** Shares names as the lines say, and with the owners of Skills that have the name here. */
const SHARE = `INSERT INTO skill_name_shares (name, client_id)
  SELECT x.name, c.id FROM ${ROWS} CROSS JOIN LATERAL (
    SELECT unnest(x.shared_with) AS id UNION SELECT s.owner FROM skills s WHERE s.name = x.name) c
  WHERE c.id <> x.owner ON CONFLICT DO NOTHING`;

/** Imports names of a file in the caller's transaction. */
export class NameImporter {
  constructor(private readonly audit: AuditLog) {}

  /** Returns results in the order of the lines. With `replace`, known names get the owner and shares of their last line. */
  async import(
    tx: Transaction,
    actor: AuditActor,
    lines: readonly NameLine[],
    replace: boolean,
  ): Promise<ImportedName[]> {
    const byName = new Map(lines.map((line) => [line.name, line]));
    const rows = await tx.query<{ name: string }[]>(INSERT, [JSON.stringify([...byName.values()])]);
    const created = new Set(rows.map(({ name }) => name));
    const written = [...byName.values()].filter(({ name }) => replace || created.has(name));
    const text = JSON.stringify(written);
    if (replace) await tx.query(REPLACE, [text]);
    await tx.query('DELETE FROM skill_name_shares WHERE name = ANY($1::text[])', [written.map(({ name }) => name)]);
    await tx.query(SHARE, [text]);
    await this.audit.record(
      tx,
      actor,
      written.map((line) => ({ action: 'name.import', target: `name:${line.name}`, after: line })),
    );
    const same = replace ? new Set<string>() : await this.ofSameOwner(tx, lines);
    return lines.map(({ name }) => {
      if (created.has(name)) return 'created';
      if (replace) return 'replaced';
      return same.has(name) ? 'left' : 'present';
    });
  }

  private async ofSameOwner(tx: Transaction, lines: readonly NameLine[]): Promise<Set<string>> {
    const rows = await tx.query<{ name: string }[]>(
      `SELECT n.name FROM skill_names n JOIN ${ROWS} ON x.name = n.name AND x.owner = n.owner`,
      [JSON.stringify(lines)],
    );
    return new Set(rows.map(({ name }) => name));
  }
}
