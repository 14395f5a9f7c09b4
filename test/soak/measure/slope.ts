export interface Point {
  /** Hours. */
  at: number;
  value: number;
}

/** Slope per hour by least squares: spikes count. */
export function leastSquares(points: readonly Point[]): number {
  const meanAt = mean(points.map(({ at }) => at));
  const meanValue = mean(points.map(({ value }) => value));
  const spread = sum(points.map(({ at }) => (at - meanAt) ** 2));
  return spread === 0 ? 0 : sum(points.map(({ at, value }) => (at - meanAt) * (value - meanValue))) / spread;
}

/** Slope per hour by Theil and Sen: the median of the slopes of all pairs, which spikes do not move. */
export function theilSen(points: readonly Point[]): number {
  const slopes = points.flatMap((one, index) =>
    points
      .slice(index + 1)
      .flatMap((other) => (other.at === one.at ? [] : [(other.value - one.value) / (other.at - one.at)])),
  );
  return quantile(slopes, 0.5);
}

/** The smallest value of each window: memory after a garbage collection. */
export function floors(points: readonly Point[], window: number): Point[] {
  return Array.from({ length: Math.floor(points.length / window) }, (_, index) => {
    const part = points.slice(index * window, (index + 1) * window);
    return { at: mean(part.map(({ at }) => at)), value: Math.min(...part.map(({ value }) => value)) };
  });
}

/** Returns 0 for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
