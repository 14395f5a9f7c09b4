import type { Latencies } from './latencies.js';

/** Part of its slowest answers that an endpoint may take longer before another one is tried as well. */
const MARGIN = 1.2;
const SLOWEST = 0.99;
/** In milliseconds: differences below it say nothing of an endpoint. */
const SHORTEST = 50;
/** The part of the time that is left of a call after which another endpoint is tried, so that it has time to answer. */
const LATEST = 2 / 3;

type Times = Pick<Latencies, 'quantile'>;

/**
 * Milliseconds after which another endpoint is tried as well, while the first try goes on (a hedged request: Dean and Barroso,
 * The Tail at Scale, 2013). It is what the endpoint takes for 99 % of its answers, and a bit more. Of an endpoint that has not
 * answered yet, the others of the Skill say it; if none has, it is `unknown`. Undefined: another endpoint would hardly answer in time.
 */
export function hedgeDelay(
  own: Times,
  others: readonly Times[],
  { leftMs, unknownMs }: { leftMs: number; unknownMs: number },
): number | undefined {
  const latest = leftMs * LATEST;
  const known = own.quantile(SLOWEST) === undefined ? others : [own];
  const usual = longest(known, SLOWEST);
  if (usual === undefined) return Math.min(unknownMs, latest);
  const delay = Math.max(SHORTEST, usual * MARGIN);
  if (delay <= latest) return delay;
  return (longest(known, 0.5) ?? Infinity) <= leftMs - latest ? latest : undefined;
}

function longest(all: readonly Times[], share: number): number | undefined {
  const times = all.map((one) => one.quantile(share)).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}
