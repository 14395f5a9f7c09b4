import { prepared } from '#database';

/** Columns of arrays, one element for each row, with their types. */
type Columns = Readonly<Record<string, string>>;

/** Of a Skill itself, and of the tables in which it has one row. `facets` are arrays of their own, as text. */
const SKILL = {
  ...{ id: 'uuid', name: 'text', description: 'text', version: 'text', space_id: 'text', facets: 'text' },
  ...{ callable: 'boolean', has_active: 'boolean', status_id: 'uuid', event_id: 'uuid', document: 'text' },
};

const ENDPOINT = {
  ...{ id: 'uuid', skill_id: 'uuid', url: 'text', protocol: 'text', weight: 'integer', status: 'text' },
  lease_id: 'uuid',
};

const CAPABILITY = {
  ...{ id: 'uuid', skill_id: 'uuid', name: 'text', description: 'text', category: 'text', version: 'text' },
  status: 'text',
};

/** Tables in which most Skills have nothing. */
const RARE = {
  skill_metadata: { skill_id: 'uuid', id: 'uuid', key: 'text', value: 'text', secret: 'boolean' },
  endpoint_params: { id: 'uuid', endpoint_id: 'uuid', key: 'text', value: 'text', secret: 'boolean' },
  capability_params: {
    ...{ id: 'uuid', capability_id: 'uuid', name: 'text', type: 'text', required: 'boolean' },
    ...{ default_value: 'text', description: 'text' },
  },
} satisfies Record<string, Columns>;

export type RareTable = keyof typeof RARE;
export const RARE_TABLES = Object.keys(RARE) as RareTable[];

/** How many arrays come for each table; those of `RARE` begin with the id of the Skill. */
export const WIDTH = {
  skills: Object.keys(SKILL).length,
  skill_endpoints: Object.keys(ENDPOINT).length,
  capabilities: Object.keys(CAPABILITY).length,
  skill_metadata: Object.keys(RARE.skill_metadata).length,
  endpoint_params: Object.keys(RARE.endpoint_params).length + 1,
  capability_params: Object.keys(RARE.capability_params).length + 1,
};

/**
 * Inserts Skills that nobody has registered yet, with all that belongs to them: one statement, one round trip. The
 * parameters: owner; ids that were asked for; the arrays of skills, skill_endpoints, capabilities, and of `rare` in the
 * order of `RARE_TABLES`. Returns those that are new; of others, and of ids that stay with another owner, nothing is written.
 *
 * The unique constraint decides on races, Skills are inserted in the order of name and version (skill-writer.ts), and
 * foreign keys are checked at the end of the statement.
 */
function insertOf(rare: readonly RareTable[]): string {
  let parameters = 2;
  const rows = (columns: Columns): string => {
    const arrays = Object.values(columns).map((type) => `$${(parameters += 1)}::${type}[]`);
    return `unnest(${arrays.join(', ')}) AS x(${Object.keys(columns).join(', ')})`;
  };
  const skills = rows(SKILL);
  const endpoints = rows(ENDPOINT);
  // IS TRUE keeps it a look into a hash table: a join of two lists of unknown length may become a loop in a loop.
  const isNew = '(x.skill_id IN (SELECT id FROM fresh)) IS TRUE';
  const newSkills = `${skills} WHERE (x.id IN (SELECT id FROM fresh)) IS TRUE`;
  const parts = [
    `INSERT INTO skill_endpoints (id, skill_id, url, protocol, weight, status)
     SELECT x.id, x.skill_id, x.url, x.protocol, x.weight, x.status FROM ${endpoints} WHERE ${isNew}`,
    `INSERT INTO endpoint_leases (id, endpoint_id, skill_id, generation)
     SELECT x.lease_id, x.id, x.skill_id, f.generation FROM ${endpoints} JOIN fresh f ON f.id = x.skill_id`,
    `INSERT INTO capabilities (id, skill_id, name, description, category, version, status)
     SELECT x.id, x.skill_id, x.name, x.description, x.category, x.version, x.status FROM ${rows(CAPABILITY)} WHERE ${isNew}`,
    `INSERT INTO skill_status (id, skill_id) SELECT x.status_id, x.id FROM ${newSkills}`,
    `INSERT INTO skill_search (skill_id, document) SELECT x.id, x.document::tsvector FROM ${newSkills}`,
    `INSERT INTO skill_events (id, skill_id, name, version, event, actor, owner, registered_at)
     SELECT x.event_id, x.id, x.name, x.version, 'registered', $1, $1, now() FROM ${newSkills}`,
    ...rare.map((table) => {
      const columns: Columns = RARE[table];
      const names = Object.keys(columns);
      return `INSERT INTO ${table} (${names.join(', ')})
     SELECT ${names.map((name) => `x.${name}`).join(', ')} FROM ${rows({ skill_id: 'uuid', ...columns })} WHERE ${isNew}`;
    }),
  ];
  return `WITH fresh AS (
     INSERT INTO skills (id, name, description, version, owner, space_id, facets, callable, has_active, last_heartbeat)
     SELECT x.id, x.name, x.description, x.version, $1, x.space_id, x.facets::bigint[], x.callable, x.has_active, now()
     FROM ${skills} WHERE x.id <> ALL (ARRAY(SELECT id FROM skills WHERE id = ANY ($2::uuid[])
       UNION ALL SELECT skill_id FROM freed_skill_ids
         WHERE skill_id = ANY ($2::uuid[]) AND owner <> $1::varchar AND held_until > now()))
     ORDER BY x.name, x.version ON CONFLICT (name, version) DO NOTHING
     RETURNING id, generation, registered_at),
   ${parts.map((part, index) => `p${index} AS (${part})`).join(',\n   ')}
   SELECT id, generation, registered_at FROM fresh`;
}

const TEXTS = new Map(
  [0, 1, 2, 3, 4, 5, 6, 7].map((set) => {
    const text = insertOf(RARE_TABLES.filter((_, bit) => set & (1 << bit)));
    return [set, { one: prepared(`skills.insert-${set}`, text), many: `${text} -- many` }];
  }),
);

/** The statement for one Skill, or for many: those are planned for the number that they are. */
export function insertSkills(hasRows: (table: RareTable) => boolean, isOne: boolean): string {
  const set = RARE_TABLES.reduce((bits, table, bit) => (hasRows(table) ? bits | (1 << bit) : bits), 0);
  const texts = TEXTS.get(set);
  if (!texts) throw new Error('there is a statement for each set of tables');
  return isOne ? texts.one : texts.many;
}
