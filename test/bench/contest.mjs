import { compared, interleaved } from './report/statistics.mjs';

const UNIT = 'requests/s';

/**
 * Runs the same load for the service and for each rival, by name: `{target, requests, least?, options?}`. Returns one line
 * for each rival: requests a second of both, and their ratio.
 */
export async function contest(bench, name, { requests, options }, rivals) {
  const { generator, service, terms } = bench;
  const loads = { service: await generator.prepare(service, requests, options) };
  for (const [rival, { target, requests: theirs }] of Object.entries(rivals)) {
    loads[rival] = await generator.prepare(target, theirs);
  }
  const runs = Object.entries(loads);
  for (const [, run] of runs) await run(terms.warmUpMs);
  const measure = ([contender, run]) => [contender, () => run(terms.roundMs)];
  const results = await bench.profiled(name, () => interleaved(terms.rounds, Object.fromEntries(runs.map(measure))));
  for (const [, run] of runs) await run.close();
  const ratesOf = (contender) => results[contender].map(({ rate }) => rate);
  return Object.entries(rivals).map(([baseline, { least }]) =>
    compared({ name, unit: UNIT, ours: ratesOf('service'), theirs: ratesOf(baseline), baseline, least }),
  );
}
