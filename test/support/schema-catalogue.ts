import type { QueryRunner } from 'typeorm';

export interface Column {
  type: string;
  isRequired: boolean;
  hasDefault: boolean;
}

export interface Constraint {
  table: string;
  /** As PostgreSQL has it: primary key, unique, check, foreign key, exclusion. */
  kind: 'p' | 'u' | 'c' | 'f' | 'x';
  columns: string[];
  definition: string;
}

export interface Index {
  table: string;
  isUnique: boolean;
  columns: string[];
  definition: string;
}

/** What a schema has, by name: `table`, `table.column`, `table.constraint`, `table.index`, `table.trigger`, `function(arguments)`. */
export interface Catalogue {
  /** The file that a table is in: another one, when it was written anew. */
  tables: Map<string, string>;
  columns: Map<string, Column>;
  constraints: Map<string, Constraint>;
  indexes: Map<string, Index>;
  triggers: Map<string, string>;
  functions: Map<string, string>;
}

const TABLES = `SELECT relname AS name, relfilenode::text AS value FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`;
const COLUMNS = `SELECT format('%s.%s', c.relname, a.attname) AS name, json_build_object(
    'type', format_type(a.atttypid, a.atttypmod), 'isRequired', a.attnotnull,
    'hasDefault', a.atthasdef OR a.attidentity <> '') AS value
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`;
/** PostgreSQL 18 has NOT NULL among the constraints, too: columns tell that. */
const CONSTRAINTS = `SELECT format('%s.%s', c.relname, o.conname) AS name, json_build_object(
    'table', c.relname, 'kind', o.contype, 'definition', pg_get_constraintdef(o.oid), 'columns', (
      SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (o.conkey))) AS value
  FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
  WHERE o.connamespace = 'public'::regnamespace AND o.contype <> 'n'`;
/** An expression has no column: it counts as one that was there before. */
const INDEXES = `SELECT format('%s.%s', c.relname, x.relname) AS name, json_build_object(
    'table', c.relname, 'isUnique', i.indisunique, 'definition', pg_get_indexdef(i.indexrelid), 'columns', (
      SELECT json_agg(coalesce(a.attname, '')) FROM unnest(i.indkey) k
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k AND k > 0)) AS value
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)`;
const TRIGGERS = `SELECT format('%s.%s', c.relname, t.tgname) AS name, pg_get_triggerdef(t.oid) AS value
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal`;
const FUNCTIONS = `SELECT format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
    pg_get_functiondef(p.oid) AS value
  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace`;

/** Reads them as the transaction of the runner sees them. */
export async function readCatalogue(runner: QueryRunner): Promise<Catalogue> {
  const read = async <T>(sql: string): Promise<Map<string, T>> => {
    const rows = (await runner.query(sql)) as { name: string; value: T }[];
    return new Map(rows.map(({ name, value }) => [name, value]));
  };
  return {
    tables: await read<string>(TABLES),
    columns: await read<Column>(COLUMNS),
    constraints: await read<Constraint>(CONSTRAINTS),
    indexes: await read<Index>(INDEXES),
    triggers: await read<string>(TRIGGERS),
    functions: await read<string>(FUNCTIONS),
  };
}
