import { rowsOf, type Transaction } from '#database';
import type { NameLine } from './name.line.js';

interface ExportedName {
  name: string;
  owner: string;
  shared_with: string[];
  held_until: string | null;
}

/** Names from older releases have no owner: the owner of the oldest Skill gets the name, the others share it. */
const NAMES = `SELECT n.name, n.owner, CASE WHEN n.held_until > now() THEN to_json(n.held_until) END AS held_until,
    COALESCE((SELECT json_agg(h.client_id ORDER BY h.client_id) FROM skill_name_shares h WHERE h.name = n.name), '[]') AS shared_with
  FROM skill_names n WHERE n.held_until > now() OR EXISTS (SELECT FROM skills s WHERE s.name = n.name)
  UNION ALL SELECT f.name, f.owner, NULL, COALESCE((SELECT json_agg(DISTINCT s.owner ORDER BY s.owner)
      FROM skills s WHERE s.name = f.name AND s.owner <> f.owner), '[]')
  FROM (SELECT DISTINCT ON (s.name) s.name, s.owner FROM skills s
    WHERE NOT EXISTS (SELECT FROM skill_names n WHERE n.name = s.name) ORDER BY s.name, s.created_at, s.id) f
  ORDER BY 1`;

/** Yields every name that is not free. */
export async function* exportedNames(tx: Transaction): AsyncGenerator<NameLine> {
  for await (const { name, owner, shared_with, held_until } of rowsOf<ExportedName>(tx, NAMES)) {
    yield {
      name,
      owner,
      ...(shared_with.length > 0 && { shared_with }),
      ...(held_until !== null && { held_until }),
    };
  }
}
