import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/until.js';
import { verdictOf } from './report/soak-report.js';
import { SoakSite } from './soak-site.js';

const MINUTE_MS = 60_000;
/** Each sample forces a garbage collection, which stops the service for a tenth of a second. */
const LOOK_EVERY_MS = 5_000;
const DELIVERED_WITHIN_MS = 60_000;
const minutes = Number(process.env.SOAK_MINUTES);

it(
  'a mixed load leaves memory, handles and connections as they are',
  async () => {
    const site = await SoakSite.start();
    try {
      const loads: number[] = [];
      for (const lane of site.lanes) lane.start();
      const end = performance.now() + minutes * MINUTE_MS;
      while (performance.now() < end) {
        await delay(LOOK_EVERY_MS);
        await site.sampler.look();
        loads.push(loadavg()[0] ?? 0);
        site.forgetCalls();
      }
      await Promise.all(site.lanes.map((lane) => lane.stop()));
      const accepted = site.lanes.flatMap((lane) => lane.accepted);
      await until(
        () => {
          site.forgetCalls();
          return site.delivered.size >= accepted.length;
        },
        DELIVERED_WITHIN_MS,
        () => `${site.delivered.size} of ${accepted.length} callbacks came`,
      );
      const missing = accepted.filter((id) => !site.delivered.has(id));
      const tables = await site.sampler.tables(12);
      const { text, failures, data } = verdictOf(site.sampler.samples, site.tally, { minutes, loads, tables, missing });
      process.stdout.write(`${text}\n`);
      const file = process.env.SOAK_JSON;
      if (file !== undefined) writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
      if (failures.length > 0) throw new Error(failures.join('\n'));
    } catch (error) {
      process.stdout.write(`FAILED: ${String(error)}\n`);
      throw error;
    } finally {
      await site.close();
    }
  },
  minutes * MINUTE_MS + 5 * MINUTE_MS,
);
