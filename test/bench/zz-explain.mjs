import { readFileSync } from 'node:fs';
import pg from 'pg';
import { SkillSelection } from '../../dist/libs/skills/src/skill-filter.sql.js';
import { LIVE_SKILL_COLUMNS } from '../../dist/libs/skills/src/skill-sql.js';
const { db } = JSON.parse(readFileSync('/tmp/lane/site.json')); const c = new pg.Client({ connectionString: db, options: process.env.PGO ?? '-c random_page_cost=1.1 -c jit=off' }); await c.connect();
const filters = { cap: { capability: 'capability-500' }, cat: { category: 'category-7' }, q: { q: 'capability 333' }, ver: { capability: 'capability-600', version: '>=1.0.0' }, broad: { q: 'capability 3' } };
for (const [k, f] of Object.entries(filters)) {
  if (process.argv[2] && !process.argv[2].split(',').includes(k)) continue;
  const s = new SkillSelection({ status: 'active', ...f }, { callableOnly: true }); const count = s.count(); const cp = [...s.parameters]; const ids = s.ids(0, 20);
  const full = `WITH page AS MATERIALIZED (SELECT p.id, row_number() OVER () AS place FROM (${ids}) p) SELECT ${LIVE_SKILL_COLUMNS} FROM page JOIN skills s ON s.id = page.id ORDER BY page.place`;
  for (const [name, text, params] of [['ids', ids, s.parameters], ['full', full, s.parameters], ['count', count, cp]]) {
    let best = []; for (let i = 0; i < 5; i++) { const r = await c.query('EXPLAIN (ANALYZE, BUFFERS, SUMMARY) ' + text, params); best = r.rows.map((x) => x['QUERY PLAN']); }
    console.log('##', k, name, best.filter((l) => /Planning Time|Execution Time/.test(l)).join(' '));
    if (process.argv[3] === name || process.argv[3] === 'all') console.log(text, '\n', best.join('\n'));
  }
}
await c.end();
