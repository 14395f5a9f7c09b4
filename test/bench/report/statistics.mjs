/** Median, smallest and largest value of the rounds. */
export function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/**
 * Runs every contender once in every round, so that other load on the machine meets all of them.
 * Returns the results of each one, by its name, in the order of the rounds.
 */
export async function interleaved(rounds, contenders) {
  const results = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) results[name].push(await run(round));
  }
  return results;
}

/** A line that is compared with a baseline; `least`: the target of the ratio, if any. Each ratio is of one round. */
export function compared({ name, unit, ours, theirs, baseline, least }) {
  const ratio = spreadOf(ours.map((value, round) => value / theirs[round]));
  return {
    ...{ name, unit, measured: spreadOf(ours), baseline: { name: baseline, ...spreadOf(theirs) }, ratio },
    ...(least !== undefined && { target: `≥ ${least} x`, met: ratio.median >= least }),
  };
}

/** A line that is compared with a number; `limit`: `{below}` or `{atLeast}`, if any. */
export function limited({ name, unit, values, limit = {} }) {
  const measured = spreadOf(values);
  const { below, atLeast } = limit;
  if (below !== undefined) {
    return { name, unit, measured, target: `< ${below} ${unit}`, met: measured.median < below };
  }
  if (atLeast === undefined) return { name, unit, measured };
  return { name, unit, measured, target: `≥ ${atLeast} ${unit}`, met: measured.median >= atLeast };
}
