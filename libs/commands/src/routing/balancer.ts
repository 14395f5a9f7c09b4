/** An endpoint that may be chosen. */
export interface Candidate {
  readonly weight: number;
  readonly state: {
    readonly inFlight: number;
    currentWeight: number;
    effectiveWeight(weight: number): number;
  };
}

/**
 * Chooses by weight. With equal weights: draws two at random and takes the one with fewer calls in flight (power of two
 * choices, Mitzenmacher 2001), which avoids slow endpoints. Otherwise: smooth weighted round robin (nginx), which gives each
 * its exact share without bursts.
 */
export function choose<T extends Candidate>(candidates: readonly T[]): T | undefined {
  const weights = candidates.map(({ weight, state }) => state.effectiveWeight(weight));
  if (weights.every((weight) => weight === weights[0])) return lessBusyOfTwo(candidates);
  let best: T | undefined;
  let total = 0;
  for (const [index, candidate] of candidates.entries()) {
    const weight = weights[index] ?? 0;
    total += weight;
    candidate.state.currentWeight += weight;
    if (best === undefined || candidate.state.currentWeight > best.state.currentWeight) best = candidate;
  }
  if (best) best.state.currentWeight -= total;
  return best;
}

function lessBusyOfTwo<T extends Candidate>(candidates: readonly T[]): T | undefined {
  const first = Math.floor(Math.random() * candidates.length);
  // Never the same as the first.
  const second = (first + 1 + Math.floor(Math.random() * (candidates.length - 1))) % candidates.length;
  const [a, b] = [candidates[first], candidates[second]];
  return a && b && b.state.inFlight < a.state.inFlight ? b : a;
}
