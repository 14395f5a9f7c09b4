import type { Caller } from '#auth';
import { showUnseen } from '#common';
import { columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import type { WarningResponse } from '../model/warning.response.js';
import { toSkeleton } from './skeleton.js';

const NAMES = rowsOfArrays({ name: 'text', skeleton: 'text' }, 3);

/** Parameters: client, Spaces (null: all), names and skeletons. Notes the names, so that later ones are compared with them. */
const FIND = prepared(
  'look-alikes.find',
  `WITH x AS MATERIALIZED (SELECT * FROM ${NAMES}),
     added AS (INSERT INTO skill_name_skeletons (name, skeleton)
       SELECT x.name, x.skeleton FROM x JOIN skill_names n ON n.name = x.name ORDER BY x.name ON CONFLICT DO NOTHING)
   SELECT DISTINCT ON (x.name) x.name, k.name AS other
   FROM x JOIN skill_name_skeletons k ON k.skeleton = x.skeleton AND k.name <> x.name
     JOIN skill_names n ON n.name = k.name AND n.owner <> $1::varchar
   WHERE EXISTS (SELECT FROM skills s WHERE s.name = k.name AND ($2::text[] IS NULL OR s.space_id = ANY($2)))
   ORDER BY x.name, k.name`,
);

const MISSING = `SELECT n.name FROM skill_names n
  WHERE NOT EXISTS (SELECT FROM skill_name_skeletons k WHERE k.name = n.name) ORDER BY n.name LIMIT $1`;
const ADD = `INSERT INTO skill_name_skeletons (name, skeleton)
  SELECT x.name, x.skeleton FROM unnest($1::text[], $2::text[]) AS x(name, skeleton)
    JOIN skill_names n ON n.name = x.name ORDER BY x.name ON CONFLICT DO NOTHING`;

/**
 * Warns of names that look like the name of another client, by name. Clients that are limited to Spaces get no names from
 * outside of them. One query.
 */
export async function warnOfLookAlikes(
  tx: Transaction,
  caller: Caller,
  names: readonly string[],
): Promise<Map<string, WarningResponse[]>> {
  if (names.length === 0) return new Map();
  const rows = [...new Set(names)].map((name) => [name, toSkeleton(name)]);
  const found = await tx.query<{ name: string; other: string }[]>(FIND, [
    caller.clientId,
    caller.spaces ?? null,
    ...columnsOf(rows, 2),
  ]);
  return new Map(
    found.map(({ name, other }) => [
      name,
      [{ field: 'name', reason: `looks like "${showUnseen(other)}", which belongs to another client` }],
    ]),
  );
}

/** Adds up to `limit` names that other ways of writing, or other releases, did not note. Returns how many. */
export async function noteNames(tx: Transaction, limit: number): Promise<number> {
  const names = (await tx.query<{ name: string }[]>(MISSING, [limit])).map(({ name }) => name);
  if (names.length > 0) await tx.query(ADD, [names, names.map(toSkeleton)]);
  return names.length;
}
