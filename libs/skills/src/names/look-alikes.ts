import type { Caller } from '#auth';
import { showUnseen } from '#common';
import { prepared, type Transaction } from '#database';
import type { WarningResponse } from '../model/warning.response.js';
import { toSkeleton } from './skeleton.js';

/**
 * SQL for the first name of another client that looks like the name of row `x` (name, skeleton). Clients that are limited to
 * Spaces (null: all) get no names from outside of them.
 */
export const selectLookAlike = (client: string, spaces: string): string =>
  `SELECT k.name FROM skill_name_skeletons k JOIN skill_names n ON n.name = k.name AND n.owner <> ${client}::varchar
   WHERE k.skeleton = x.skeleton AND k.name <> x.name
     AND EXISTS (SELECT FROM skills s WHERE s.name = k.name AND (${spaces}::text[] IS NULL OR s.space_id = ANY(${spaces})))
   ORDER BY k.name LIMIT 1`;

/** SQL that notes what the names of rows (name, skeleton) look like, so that later names are compared with them. */
export const noteSkeletons = (rows: string): string =>
  `INSERT INTO skill_name_skeletons (name, skeleton) ${rows} ORDER BY x.name ON CONFLICT DO NOTHING`;

/** Parameters: client, Spaces, the name and its skeleton. */
const FIND = prepared(
  'look-alikes.find',
  `WITH x AS MATERIALIZED (SELECT $3::text AS name, $4::text AS skeleton),
     noted AS (${noteSkeletons('SELECT x.name, x.skeleton FROM x JOIN skill_names n ON n.name = x.name')})
   SELECT a.name AS other FROM x CROSS JOIN LATERAL (${selectLookAlike('$1', '$2')}) a`,
);

const MISSING = `SELECT n.name FROM skill_names n
  WHERE NOT EXISTS (SELECT FROM skill_name_skeletons k WHERE k.name = n.name) ORDER BY n.name LIMIT $1`;
const ADD = noteSkeletons(`SELECT x.name, x.skeleton FROM unnest($1::text[], $2::text[]) AS x(name, skeleton)
    JOIN skill_names n ON n.name = x.name`);

/** The warning that the name of a Skill looks like this name of another client. */
export function warnOfLookAlike(other: string | undefined): WarningResponse[] {
  if (other === undefined) return [];
  return [{ field: 'name', reason: `looks like "${showUnseen(other)}", which belongs to another client` }];
}

/** Finds the name of another client that looks like this name, and notes the name. For Skills that are renamed. */
export async function findLookAlike(
  tx: Transaction,
  { clientId, spaces }: Pick<Caller, 'clientId' | 'spaces'>,
  name: string,
): Promise<string | undefined> {
  const parameters = [clientId, spaces ?? null, name, toSkeleton(name)];
  const [found] = await tx.query<{ other: string }[]>(FIND, parameters);
  return found?.other;
}

/** Adds up to `limit` names that other ways of writing, or other releases, did not note. Returns how many. */
export async function noteNames(tx: Transaction, limit: number): Promise<number> {
  const names = (await tx.query<{ name: string }[]>(MISSING, [limit])).map(({ name }) => name);
  if (names.length > 0) await tx.query(ADD, [names, names.map(toSkeleton)]);
  return names.length;
}
