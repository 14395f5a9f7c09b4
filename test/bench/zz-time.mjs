import { readFileSync } from 'node:fs'; import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { SkillSelection } from '../../dist/libs/skills/src/skill-filter.sql.js';
import { LIVE_SKILL_COLUMNS } from '../../dist/libs/skills/src/skill-sql.js';
const { db } = JSON.parse(readFileSync('/tmp/lane/site.json')); const c = new pg.Client({ connectionString: db, options: process.env.PGO ?? '-c random_page_cost=1.1 -c jit=off' }); await c.connect();
for (const w of ['capability 3', 'capability 5', 'capability 14', 'capability 333', 'capability 334']) {
  const s = new SkillSelection({ q: w, status: 'active' }, { callableOnly: true }); const count = s.count(); const cp = [...s.parameters]; const ids = s.ids(0, 20);
  const full = `WITH page AS MATERIALIZED (SELECT p.id, row_number() OVER () AS place FROM (${ids}) p) SELECT ${LIVE_SKILL_COLUMNS} FROM page JOIN skills s ON s.id = page.id ORDER BY page.place`;
  for (const [n, t, p] of [['ids', ids, s.parameters], ['full', full, s.parameters], ['count', count, cp]]) { const ts = []; for (let i = 0; i < 7; i++) { const a = performance.now(); await c.query(t, p); ts.push(performance.now() - a); } console.log(w, n, ts.map((x) => x.toFixed(1)).join(' ')); }
}
console.log((await c.query("select name, setting from pg_settings where name in ('jit','max_parallel_workers_per_gather','work_mem','shared_buffers','random_page_cost')")).rows);
await c.end();
