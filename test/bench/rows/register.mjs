import { rowsOf } from '../baseline/bare-rows.mjs';
import { ChildWorker } from '../site/child-worker.mjs';
import { CONNECTIONS } from '../load/load-generator.mjs';
import { placement } from '../site/placement.mjs';
import { rawPost } from '../load/raw-http.mjs';
import { skillBody } from '../seed.mjs';
import { compared, interleaved } from '../report/statistics.mjs';

const SHARE_OF_PG = 0.5;
/** Most requests that a round can need. */
const MOST_PER_SECOND = 3000;

/** One Skill in one request, safe on the disk, against bare `pg` that writes the same rows. */
export async function register(bench) {
  const { generator, service, site, terms } = bench;
  const name = 'register';
  await bench.row(name, async () => {
    const sample = skillBody(0, 'sample');
    const { skill_id } = await site.post('skills/register', sample);
    const tables = await rowsOf(site, skill_id);
    const count = Math.ceil((MOST_PER_SECOND * (terms.roundMs * terms.rounds + terms.warmUpMs)) / 1000);
    const requests = Array.from({ length: count }, (_, index) =>
      rawPost(service, 'skills/register', skillBody(index, 'single')),
    );
    const ours = await generator.prepare(service, requests, { once: true });
    const worker = new ChildWorker('baseline/bare-pg-worker.mjs', placement.server);
    try {
      const connection = { url: site.databaseUrl, connections: CONNECTIONS, tables, skillName: sample.name };
      await worker.ask('connect', connection);
      const theirs = (durationMs) => worker.ask('run', { durationMs });
      await ours(terms.warmUpMs);
      await theirs(terms.warmUpMs);
      const { service: own, pg } = await bench.profiled(name, () =>
        interleaved(terms.rounds, { pg: () => theirs(terms.roundMs), service: () => ours(terms.roundMs) }),
      );
      const rows = tables.reduce((sum, table) => sum + table.rows.length, 0);
      const rates = (results) => results.map(({ rate }) => rate);
      const baseline = `bare pg, the same ${rows} rows`;
      return [compared({ name, unit: 'Skills/s', ours: rates(own), theirs: rates(pg), baseline, least: SHARE_OF_PG })];
    } finally {
      await worker.stop();
      await ours.close();
    }
  });
}
