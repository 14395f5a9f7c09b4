/**
 * Duration of each measurement. `large`, `small`: Skills in the two registries. Names of times end in Ms (milliseconds) or S
 * (seconds). The heartbeats of all Skills have their own rounds, because they need some seconds to become steady.
 */
export const FULL = {
  mode: 'full',
  large: 100_000,
  small: 1000,
  stretches: 5,
  rounds: 5,
  roundMs: 1500,
  warmUpMs: 1000,
  callsWarmUpMs: 20_000,
  callsMs: 4000,
  starts: 3,
  intervalS: 30,
  beatWarmUpMs: 6000,
  beatRounds: 3,
  beatRoundMs: 8000,
  withinMs: 600_000,
};

export const QUICK = {
  ...FULL,
  mode: 'quick: fewer and shorter rounds, fewer Skills; a first look',
  large: 5000,
  rounds: 2,
  stretches: 2,
  roundMs: 500,
  warmUpMs: 300,
  callsWarmUpMs: 1000,
  callsMs: 1200,
  starts: 1,
  intervalS: 6,
  beatWarmUpMs: 1500,
  beatRounds: 2,
  beatRoundMs: 1500,
  // Made for 90 s; a busy machine needs longer.
  withinMs: 150_000,
};
