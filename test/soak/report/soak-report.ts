import type { Sample, TableSize } from '../measure/sampler.js';
import { floors, leastSquares, type Point, quantile, theilSen } from '../measure/slope.js';
import type { Tally } from '../measure/tally.js';

/** The first part of a run, in which caches fill and V8 compiles. */
const WARM_UP = 0.3;
/** Samples (20 s) of which the smallest counts; fewer in a short run, so that there are enough windows. */
const WINDOW = 4;
const WINDOWS = 8;

interface Bound {
  name: string;
  of: (sample: Sample) => number;
  unit: string;
  /** The run fails if the growth in an hour (Theil and Sen) is above this. */
  perHour: number;
}

/**
 * Limits that a serious leak exceeds within a day. Short runs say little: in ten minutes, seven of them after the warm-up, a
 * limit of 60 MiB/h is 7 MiB.
 */
const BOUNDS: readonly Bound[] = [
  { name: 'resident memory', of: ({ rss }) => rss, unit: 'MiB', perHour: 120 },
  { name: 'heap', of: ({ heap }) => heap, unit: 'MiB', perHour: 60 },
  { name: 'buffers', of: ({ external }) => external, unit: 'MiB', perHour: 60 },
  { name: 'catalogue', of: ({ catalogue }) => catalogue, unit: 'MiB', perHour: 60 },
  { name: 'handles', of: ({ handles }) => handles, unit: '', perHour: 60 },
  { name: 'connections to PostgreSQL', of: ({ connections }) => connections, unit: '', perHour: 30 },
  { name: 'memory of Redis', of: ({ redis }) => redis, unit: 'MiB', perHour: 10 },
];

export interface Circumstances {
  minutes: number;
  /** Load of the machine. */
  loads: readonly number[];
  tables: readonly TableSize[];
  /** Asynchronous calls whose callback never came. */
  missing: readonly string[];
}

export interface SoakVerdict {
  text: string;
  failures: string[];
  data: object;
}

export function verdictOf(samples: readonly Sample[], tally: Tally, about: Circumstances): SoakVerdict {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const slopes = BOUNDS.map(({ name, of, unit, perHour }) => {
    const points: Point[] = warm.map((sample) => ({ at: sample.at, value: of(sample) }));
    const low = floors(points, Math.max(1, Math.min(WINDOW, Math.floor(points.length / WINDOWS))));
    const first = low[0]?.value ?? NaN;
    const last = low.at(-1)?.value ?? NaN;
    return { name, unit, first, last, robust: theilSen(low), squares: leastSquares(points), perHour };
  });
  const { byKind, byStatus, faulty, faults } = tally;
  const failures = [
    ...slopes
      .filter(({ robust, perHour }) => !(robust <= perHour))
      .map(({ name, robust, unit, perHour }) => `${name} grows by ${round(robust)} ${unit}/h, more than ${perHour}`),
    ...(faulty > 0 ? [`${faulty} requests failed: ${faults.join('; ')}`] : []),
    ...(about.missing.length > 0 ? [`${about.missing.length} callbacks never came`] : []),
  ];
  const { minutes, loads, tables } = about;
  const load = [0, 0.5, 1].map((share) => round(quantile(loads, share))).join(' / ');
  const statuses = Object.entries(byStatus).map(([status, count]) => `${status}: ${count}`);
  const text = [
    `${minutes} minutes, ${samples.length} samples, load of the machine ${load} (least, median, most); ${statuses.join(', ')}`,
    table(
      ['after the warm-up', 'at first', 'at last', 'per hour (Theil–Sen)', 'per hour (least squares)', 'bound'],
      slopes.map(({ name, unit, first, last, robust, squares, perHour }) => [
        `${name}${unit && ` (${unit})`}`,
        ...[first, last, robust, squares, perHour].map(round),
      ]),
    ),
    table(
      ['request', 'count', 'p50 ms', 'p95 ms', 'p99 ms', 'longest ms'],
      byKind.map(({ kind, count, p50, p95, p99, max }) => [kind, String(count), ...[p50, p95, p99, max].map(round)]),
    ),
    table(
      ['table', 'MiB', 'rows', 'dead rows'],
      tables.map(({ name, mib, live, dead }) => [name, round(mib), String(live), String(dead)]),
    ),
    failures.length === 0 ? 'KEPT' : `BROKEN: ${failures.join('; ')}`,
  ].join('\n\n');
  return { text, failures, data: { about, slopes, byKind, byStatus, failures, samples } };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function round(value: number): string {
  return String(Number(value.toFixed(1)));
}
