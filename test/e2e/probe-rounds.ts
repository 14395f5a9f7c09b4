import { Enrolment } from '../../libs/probes/src/enrolment.js';
import { Prober } from '../../libs/probes/src/prober.js';
import type { Behaviour } from '../support/skill-server.js';
import type { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Lets so many intervals pass: each endpoint is due once in each. Returns when the results are written. */
export async function passIntervals(replicas: readonly TestApp[], times = 1): Promise<void> {
  const open = 'SELECT FROM endpoint_probes WHERE claimed_until IS NOT NULL OR next_probe_at <= now()';
  for (let done = 0; done < times; done += 1) {
    await Promise.all(replicas.map(({ app }) => app.get(Enrolment).runAnew()));
    await replicas[0]?.database.query('UPDATE endpoint_probes SET next_probe_at = now() WHERE next_probe_at > now()');
    await Promise.all(replicas.map(({ app }) => app.get(Prober).runAnew()));
    await until(async () => (await replicas[0]?.database.query(open))?.length === 0);
  }
}

/** Alive, and never done. */
export function dripping(...[, response]: Parameters<Behaviour>): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const drops = setInterval(() => response.write(' '), 50);
  response.on('close', () => {
    clearInterval(drops);
  });
}
