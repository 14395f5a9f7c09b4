const TABLES_WITH = ['skill_id', 'endpoint_id', 'capability_id'];

/**
 * Returns every row that the registration of this Skill has written, by table, as texts, in an order that foreign keys allow.
 * The tables are read from the catalogue of PostgreSQL, so this stays correct when they change.
 */
export async function rowsOf(site, skillId) {
  const ids = (table) => `SELECT id FROM ${table} WHERE skill_id = '${skillId}'`;
  const belongs = {
    skill_id: `skill_id = '${skillId}'`,
    endpoint_id: `endpoint_id IN (${ids('skill_endpoints')})`,
    capability_id: `capability_id IN (${ids('capabilities')})`,
  };
  const columns = await site.query(
    `SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS names
     FROM information_schema.columns WHERE table_schema = current_schema() AND is_generated = 'NEVER'
     GROUP BY table_name`,
  );
  const tables = [];
  for (const { table_name: table, names } of columns) {
    const key = TABLES_WITH.find((name) => names.includes(name));
    const condition =
      { skills: `id = '${skillId}'`, audit_entries: `target = 'skill:${skillId}'` }[table] ?? belongs[key];
    if (condition === undefined) continue;
    const texts = names.map((name) => `"${name}"::text`).join(', ');
    const rows = await site.query(`SELECT ${texts} FROM "${table}" WHERE ${condition}`);
    if (rows.length > 0) tables.push({ table, names, rows: rows.map((row) => names.map((name) => row[name])) });
  }
  const order = ['skills', 'skill_endpoints', 'capabilities'];
  const place = ({ table }) => (order.includes(table) ? order.indexOf(table) : order.length);
  return tables.sort((a, b) => place(a) - place(b));
}
