/** Measures the bytes of one Skill in PostgreSQL (indexes included) and Redis, for the capacity plan. */
export async function footprint({ site, ids, terms }) {
  const tables = await site.query(
    `SELECT relname AS table, n_live_tup::int AS rows, pg_total_relation_size(relid)::float8 AS bytes,
       pg_indexes_size(relid)::float8 AS indexes
     FROM pg_stat_user_tables WHERE n_live_tup >= $1 ORDER BY bytes DESC`,
    [ids.length],
  );
  const usedOf = async () => Number(/used_memory:(\d+)/.exec(await site.askRedis('INFO memory'))?.[1]);
  // The caller restarts the service, which takes the leases over from PostgreSQL.
  const withLeases = await usedOf();
  await site.askRedis('FLUSHALL');
  const without = await usedOf();
  return {
    skills: terms.large,
    tables,
    bytesInPostgres: tables.reduce((sum, { bytes }) => sum + bytes, 0) / ids.length,
    bytesInRedis: (withLeases - without) / ids.length,
  };
}
