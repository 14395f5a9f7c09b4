import type { DataSource } from 'typeorm';
import { type SecretBox, type SecretPlace, SecretUnreadableError } from './secret-box.js';

const BATCH = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';
const TABLES = [
  { table: 'skill_metadata', owner: 'skill_id' },
  { table: 'endpoint_params', owner: 'endpoint_id' },
] as const satisfies { table: SecretPlace['table']; owner: string }[];

export interface Rotation {
  rotated: number;
  /** Secrets that had the current key already. */
  current: number;
  unreadable: SecretUnreadableError[];
}

interface Row {
  id: string;
  owner: string;
  key: string;
  value: string;
}

/**
 * Encrypts every secret with an older key again, in batches of one short transaction each. Services may run meanwhile.
 * It may be stopped and started again. Secrets that cannot be decrypted stay as they are and are returned.
 */
export async function rotateSecrets(dataSource: DataSource, box: SecretBox): Promise<Rotation> {
  const result: Rotation = { rotated: 0, current: 0, unreadable: [] };
  for (const { table, owner } of TABLES) {
    for (let after: string | undefined = FIRST; after !== undefined;) {
      after = await rotateBatch(dataSource, box, { table, owner, after }, result);
    }
  }
  return result;
}

/** Returns the id of the last row, or undefined if there was none. */
function rotateBatch(
  dataSource: DataSource,
  box: SecretBox,
  { table, owner, after }: { table: SecretPlace['table']; owner: string; after: string },
  result: Rotation,
): Promise<string | undefined> {
  return dataSource.transaction(async (tx) => {
    const rows = await tx.query<Row[]>(
      `SELECT id, ${owner} AS owner, key, value FROM ${table} WHERE secret AND id > $1 ORDER BY id LIMIT $2 FOR UPDATE`,
      [after, BATCH],
    );
    const changed: { id: string; value: string }[] = [];
    for (const { id, owner: ownerId, key, value } of rows) {
      if (box.isCurrent(value)) {
        result.current += 1;
        continue;
      }
      try {
        const place = { table, ownerId, key };
        changed.push({ id, value: box.encrypt(box.decrypt(value, place), place) });
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        result.unreadable.push(error);
      }
    }
    if (changed.length > 0) {
      await tx.query(
        `UPDATE ${table} t SET value = x.value
         FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, value text) WHERE t.id = x.id`,
        [JSON.stringify(changed)],
      );
      result.rotated += changed.length;
    }
    return rows.at(-1)?.id;
  });
}
