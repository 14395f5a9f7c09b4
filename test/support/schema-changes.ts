import type { Catalogue, Column, Constraint } from './schema-catalogue.js';

const INDEXED = new Set<Constraint['kind']>(['p', 'u', 'x']);

/**
 * What the version before would notice of a migration while it still runs: what it uses and is gone, what it writes and is
 * refused; and what keeps it waiting: tables that are written anew, or indexed under a lock. New tables are not in use yet.
 */
export function noticedChanges(before: Catalogue, after: Catalogue, isInTransaction = true): string[] {
  const isOld = (table: string): boolean => before.tables.has(table) && after.tables.has(table);
  const isNewColumn = (table: string, column: string): boolean => !before.columns.has(`${table}.${column}`);
  const touchesOld = ({ table, columns }: { table: string; columns: string[] }): boolean =>
    isOld(table) && !columns.every((column) => isNewColumn(table, column));
  const noticed: string[] = [];
  for (const [name, file] of before.tables) {
    if (!after.tables.has(name)) noticed.push(`table ${name} is gone`);
    else if (after.tables.get(name) !== file) noticed.push(`table ${name} is written anew`);
  }
  for (const [name, was] of before.columns) {
    const is = after.columns.get(name);
    if (is) noticed.push(...columnChanges(name, was, is));
    else if (isOld(tableOf(name))) noticed.push(`column ${name} is gone`);
  }
  for (const [name, column] of after.columns) {
    const isAsked = column.isRequired && !column.hasDefault;
    if (isOld(tableOf(name)) && !before.columns.has(name) && isAsked)
      noticed.push(`column ${name} is new and required`);
  }
  for (const [name, is] of after.constraints) {
    const was = before.constraints.get(name);
    if (was ? !allows(is, was) : touchesOld(is)) noticed.push(`constraint ${name} is ${was ? 'another' : 'new'}`);
    if (!was && isOld(is.table) && INDEXED.has(is.kind)) noticed.push(`constraint ${name} is indexed under a lock`);
  }
  for (const [name, { kind, table }] of before.constraints) {
    // Upserts name them; a check or a reference that is gone refuses nothing.
    if (INDEXED.has(kind) && isOld(table) && !after.constraints.has(name)) {
      noticed.push(`constraint ${name} is gone`);
    }
  }
  for (const [name, is] of after.indexes) {
    const was = before.indexes.get(name);
    if (!isOld(is.table) || was?.definition === is.definition) continue;
    if (is.isUnique && touchesOld(is)) noticed.push(`unique index ${name} is ${was ? 'another' : 'new'}`);
    if (isInTransaction) noticed.push(`index ${name} is made under a lock`);
  }
  for (const [name, { isUnique, table }] of before.indexes) {
    if (isUnique && isOld(table) && !after.indexes.has(name)) noticed.push(`unique index ${name} is gone`);
  }
  for (const [name, definition] of after.triggers) {
    if (isOld(tableOf(name)) && before.triggers.get(name) !== definition)
      noticed.push(`trigger ${name} is new or another`);
  }
  for (const [name, definition] of before.functions) {
    if (after.functions.get(name) !== definition) noticed.push(`function ${name} is gone or another`);
  }
  return noticed;
}

function tableOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

function columnChanges(name: string, was: Column, is: Column): string[] {
  return [
    ...(holds(is.type, was.type) ? [] : [`column ${name} is ${is.type}, was ${was.type}`]),
    ...(is.isRequired && !was.isRequired ? [`column ${name} is required`] : []),
    ...(is.isRequired && was.hasDefault && !is.hasDefault ? [`column ${name} has no default any more`] : []),
  ];
}

/** Whether every value of the type before is one of the new, and is read as it was. */
function holds(type: string, before: string): boolean {
  if (type === before) return true;
  const [, most] = /^character varying\((\d+)\)$/.exec(before) ?? [];
  const [, more] = /^character varying\((\d+)\)$/.exec(type) ?? [];
  return most !== undefined && (type === 'text' || Number(more) > Number(most));
}

/** Whether what the constraint before let pass still passes: the same, or a list with more in it. */
function allows(is: Constraint, was: Constraint): boolean {
  if (is.definition === was.definition) return true;
  const [list, before] = [is, was].map(({ definition }) =>
    [...definition.matchAll(/'([^']*)'/g)].map(([, word]) => word),
  );
  const [rest, restBefore] = [is, was].map(({ definition }) => definition.replace(/ARRAY\[[^\]]*\]/, ''));
  return rest === restBefore && before?.every((word) => list?.includes(word)) === true;
}
