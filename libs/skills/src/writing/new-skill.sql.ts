import { prepared } from '#database';
import { claimNames, noteSkeletons, selectLookAlike } from '../names/index.js';

/** Columns with their types. Each is one parameter: an array with one element for each row. */
type Columns = Readonly<Record<string, string>>;

/**
 * How a Skill was inserted. Registered Skills have leases. Imported Skills keep their earlier state, and may have names
 * and ids that are reserved for other clients.
 */
export type Origin = 'created' | 'registered' | 'imported';

/** A Skill and the tables in which it has one row. `facets` and `tags` are arrays themselves, as text. */
const SKILL = {
  id: 'uuid',
  external_id: 'text',
  name: 'text',
  skeleton: 'text',
  description: 'text',
  version: 'text',
  space_id: 'text',
  tags: 'text',
  facets: 'text',
  callable: 'boolean',
  has_active: 'boolean',
  has_live: 'boolean',
  deprecated: 'boolean',
  deprecation: 'text',
  status_id: 'uuid',
  event_id: 'uuid',
  document: 'text',
  health: 'text',
};

const PAST = {
  owner: 'text',
  status: 'text',
  generation: 'bigint',
  registered_at: 'timestamptz',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
};

/** Tables of parts. Those of parameters have no column `skill_id`: here it only selects the rows of new Skills. */
const PARTS = {
  skill_endpoints: {
    skill_id: 'uuid',
    id: 'uuid',
    url: 'text',
    protocol: 'text',
    weight: 'integer',
    status: 'text',
    health: 'text',
  },
  endpoint_leases: { skill_id: 'uuid', id: 'uuid', endpoint_id: 'uuid' },
  endpoint_params: {
    skill_id: 'uuid',
    id: 'uuid',
    endpoint_id: 'uuid',
    key: 'text',
    value: 'text',
    secret: 'boolean',
    type: 'text',
  },
  capabilities: {
    skill_id: 'uuid',
    id: 'uuid',
    external_id: 'text',
    name: 'text',
    description: 'text',
    category: 'text',
    version: 'text',
    status: 'text',
    input_schema: 'json',
    output_schema: 'json',
    examples: 'json',
  },
  capability_params: {
    skill_id: 'uuid',
    id: 'uuid',
    capability_id: 'uuid',
    name: 'text',
    type: 'text',
    required: 'boolean',
    default_value: 'text',
    description: 'text',
    rules: 'json',
  },
  skill_metadata: { skill_id: 'uuid', id: 'uuid', key: 'text', value: 'text', secret: 'boolean' },
} satisfies Record<string, Columns>;

export type PartTable = keyof typeof PARTS;
export const PART_TABLES = Object.keys(PARTS) as PartTable[];

/**
 * The only statement that inserts Skills, with everything that belongs to them. Parameters: the client; ids that bodies ask
 * for; names that the client may use; unless it is an import, its Spaces (null: all); the arrays of the Skills, and of each of `tables`. `waiting` is
 * the condition of `SkillCompanions`.
 *
 * Names that no Skill of the statement has yet are claimed first (docs/adr/0036). Unique constraints decide between
 * simultaneous inserts. Skills are inserted in the order of name and version, so that batches do not deadlock.
 *
 * Returns the new Skills, and notes about Skills, which have a `generation` of null: 'foreign' (the client could not claim
 * the name), 'waited-for', and 'alike' (the name looks like `other`, a name of another client).
 */
function insertStatement(origin: Origin, tables: readonly PartTable[], waiting: string): string {
  const isImport = origin === 'imported';
  let parameters = isImport ? 3 : 4;
  const firstArray = `$${parameters + 1}::uuid[]`;
  /** Numbers the parameters of a table. Returns what selects its rows `x`, with all or some of the columns. */
  const arrays = (columns: Columns) => {
    const numbered = Object.entries(columns).map(([name, type]) => {
      parameters += 1;
      return { name, array: `$${parameters}::${type}[]` };
    });
    return (...only: string[]): string => {
      const used = numbered.filter(({ name }) => only.length === 0 || only.includes(name));
      return `unnest(${used.map(({ array }) => array).join(', ')}) AS x(${used.map(({ name }) => name).join(', ')})`;
    };
  };
  const skills = arrays(isImport ? { ...SKILL, ...PAST } : SKILL);
  // IS TRUE makes it a lookup in a hash table. A join of lists of unknown length may become a nested loop.
  const isNew = (id: string): string => `(x.${id} IN (SELECT id FROM fresh)) IS TRUE`;

  const [pastColumns, pastValues, owner, registeredAt] = isImport
    ? [Object.keys(PAST), Object.keys(PAST).map((name) => `x.${name}`), 'x.owner', 'x.registered_at']
    : [['owner'], ['$1::varchar'], '$1::varchar', 'now()'];
  // The limit changes no result: see `rowsOfArrays`.
  const names = `wanted AS MATERIALIZED (
       SELECT DISTINCT x.name FROM (SELECT * FROM ${skills('name', 'version')} LIMIT cardinality(${firstArray})) x
       WHERE x.name <> ALL ($3::text[])
         AND NOT EXISTS (SELECT FROM skills s WHERE s.name = x.name AND s.version = x.version)),
     ${claimNames('$1')},
     allowed AS (SELECT unnest($3::text[]) AS name
       UNION ALL SELECT name FROM held WHERE owner = $1::varchar
       UNION ALL SELECT name FROM claimed WHERE owner = $1::varchar),`;
  const reservedIds = `UNION ALL SELECT skill_id FROM freed_skill_ids
         WHERE skill_id = ANY ($2::uuid[]) AND owner <> $1::varchar AND held_until > now()`;

  const parts = tables.map((table) => {
    const rows = arrays(PARTS[table])();
    if (table === 'endpoint_leases') {
      return `INSERT INTO endpoint_leases (id, endpoint_id, skill_id, generation)
       SELECT x.id, x.endpoint_id, x.skill_id, f.generation FROM ${rows} JOIN fresh f ON f.id = x.skill_id`;
    }
    const columns = Object.keys(PARTS[table]).filter((name) => name !== 'skill_id' || !table.endsWith('_params'));
    return `INSERT INTO ${table} (${columns.join(', ')})
       SELECT ${columns.map((name) => `x.${name}`).join(', ')} FROM ${rows} WHERE ${isNew('skill_id')}`;
  });
  const named = skills('id', 'name', 'skeleton');
  const isClaimed = `(x.name IN (SELECT name FROM claimed)) IS TRUE`;
  const statements = [
    `INSERT INTO skill_status (id, skill_id, health) SELECT x.status_id, x.id, x.health
       FROM ${skills('id', 'status_id', 'health')} WHERE ${isNew('id')}`,
    `INSERT INTO skill_search (skill_id, document) SELECT x.id, x.document::tsvector
       FROM ${skills('id', 'document')} WHERE ${isNew('id')}`,
    `INSERT INTO skill_events (id, skill_id, name, version, event, actor, owner, registered_at)
       SELECT x.event_id, x.id, x.name, x.version, 'registered', $1::varchar, ${owner}, ${registeredAt}
       FROM ${skills()} WHERE ${isNew('id')}`,
    ...parts,
    ...(isImport ? [] : [noteSkeletons(`SELECT DISTINCT x.name, x.skeleton FROM ${named} WHERE ${isClaimed}`)]),
  ];
  const notes = isImport
    ? []
    : [
        `SELECT x.id, NULL, NULL, NULL, 'waited-for', NULL FROM ${named} WHERE ${isNew('id')} AND (${waiting})`,
        `SELECT x.id, NULL, NULL, NULL, 'alike', a.name FROM ${named} CROSS JOIN LATERAL (${selectLookAlike('$1', '$4')}) a
         WHERE ${isNew('id')}`,
      ];
  return `WITH ${names}
     fresh AS (
       INSERT INTO skills (id, external_id, name, description, version, space_id, tags, facets, callable, has_active,
         has_live, deprecated, deprecation, last_heartbeat, ${pastColumns.join(', ')})
       SELECT x.id, x.external_id, x.name, x.description, x.version, x.space_id, x.tags::text[], x.facets::bigint[],
         x.callable, x.has_active, x.has_live, x.deprecated, x.deprecation::jsonb,
         ${origin === 'registered' ? 'now()' : 'NULL'}, ${pastValues.join(', ')}
       FROM ${skills()}
       WHERE x.id <> ALL (ARRAY(SELECT id FROM skills WHERE id = ANY ($2::uuid[]) ${isImport ? '' : reservedIds}))
         AND (x.name IN (SELECT name FROM allowed)) IS TRUE
       ORDER BY x.name, x.version ON CONFLICT (name, version) DO NOTHING
       RETURNING id, external_id, generation, registered_at),
     ${statements.map((statement, index) => `p${index} AS (${statement})`).join(',\n     ')}
     SELECT id, external_id, generation, registered_at, NULL AS note, NULL AS other FROM fresh
     UNION ALL SELECT x.id, NULL, NULL, NULL, 'foreign', NULL FROM ${skills('id', 'name')}
       WHERE x.name IN (SELECT name FROM wanted) AND (x.name IN (SELECT name FROM allowed)) IS NOT TRUE
     ${notes.map((note) => `UNION ALL ${note}`).join(' ')}`;
}

const statements = new Map<string, { one: string; many: string }>();

/** The statement for one Skill is prepared. For many, PostgreSQL plans with their number each time. */
export function insertSkills(origin: Origin, tables: readonly PartTable[], waiting: string, isOne: boolean): string {
  const key = `${origin} ${tables.join(' ')} ${waiting}`;
  let found = statements.get(key);
  if (!found) {
    const text = insertStatement(origin, tables, waiting);
    found = { one: prepared(`skills.insert-${statements.size}`, text), many: `${text} -- many` };
    statements.set(key, found);
  }
  return isOne ? found.one : found.many;
}
