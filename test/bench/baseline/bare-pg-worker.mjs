/* The baseline of a registration: bare `pg` writes the same rows, in one transaction for each Skill. */
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { serve } from '../site/worker-operations.mjs';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
let clients = [];
let statements = [];
let name;
let written = 0;

serve({
  async connect({ url, connections, tables, skillName }) {
    name = skillName;
    clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }));
    await Promise.all(clients.map((client) => client.connect()));
    const own = new Set(tables.flatMap(({ names, rows }) => rows.map((row) => row[names.indexOf('id')])));
    statements = tables.map(({ table, names, rows }) => {
      const columns = names.map((column) => `"${column}"`).join(', ');
      const tuples = rows.map((row, at) => `(${row.map((_, index) => `$${at * row.length + index + 1}`).join(', ')})`);
      const values = rows.flat().map((value) => ({ value, isOwn: UUID.test(value) && own.has(value) }));
      return { name: table, text: `INSERT INTO "${table}" (${columns}) VALUES ${tuples.join(', ')}`, values };
    });
  },

  async run({ durationMs }) {
    const began = performance.now();
    const before = written;
    await Promise.all(clients.map((client) => lane(client, began + durationMs)));
    return { rate: (1000 * (written - before)) / (performance.now() - began) };
  },

  close: () => Promise.all(clients.map((client) => client.end())),
});

async function lane(client, until) {
  while (performance.now() < until) {
    const ids = new Map();
    const number = (written += 1);
    await client.query('BEGIN');
    for (const { name: statement, text, values } of statements) {
      await client.query({ name: statement, text, values: values.map((value) => renewed(value, ids, number)) });
    }
    await client.query('COMMIT');
  }
}

/** Returns the value for another Skill: all ids and the name are new. */
function renewed({ value, isOwn }, ids, number) {
  if (value === name) return `bare-${number}`;
  if (!isOwn) return value?.startsWith('skill:') ? `skill:${idFor(value.slice(6), ids)}` : value;
  return idFor(value, ids);
}

function idFor(value, ids) {
  const id = ids.get(value) ?? uuid();
  ids.set(value, id);
  return id;
}
