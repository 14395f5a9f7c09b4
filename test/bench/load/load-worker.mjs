/* The process that makes the load of `LoadGenerator`, on its own core. */
import { performance } from 'node:perf_hooks';
import { ClosedLoad } from './closed-load.mjs';
import { HttpLoad } from './http-load.mjs';
import { quantile } from './tally.mjs';
import { serve } from '../site/worker-operations.mjs';

const loads = new Map();
serve({
  async prepare({ name, port, connections, requests, periodMs, paceMs, once }) {
    loads.get(name)?.close();
    const load = periodMs === undefined ? new ClosedLoad(requests, { once }) : new HttpLoad(requests, periodMs, paceMs);
    await load.open(port, connections);
    loads.set(name, load);
  },

  async run({ name, durationMs }) {
    const load = loads.get(name);
    const [began, before] = [performance.now(), process.cpuUsage()];
    await load.run(durationMs);
    const elapsed = (performance.now() - began) / 1000;
    const used = process.cpuUsage(before);
    const { latencies, failures, waiting = 0 } = load.take();
    const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => quantile(latencies, share));
    const cpu = (used.user + used.system) / 1e6 / elapsed;
    return { answers: latencies.length, rate: latencies.length / elapsed, p50, p95, p99, max, failures, waiting, cpu };
  },

  close({ name }) {
    loads.get(name)?.close();
    loads.delete(name);
  },
});
