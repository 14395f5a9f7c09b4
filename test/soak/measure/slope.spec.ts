import { floors, leastSquares, quantile, theilSen } from './slope.js';

const rising = Array.from({ length: 60 }, (_, index) => ({ at: index / 60, value: 100 + index / 2 }));

describe('the slope of samples', () => {
  it('is the growth in an hour', () => {
    expect(leastSquares(rising)).toBeCloseTo(30);
    expect(theilSen(rising)).toBeCloseTo(30);
  });

  it('is zero for values that go up and down', () => {
    const saw = Array.from({ length: 60 }, (_, index) => ({ at: index / 60, value: 100 + (index % 6) }));
    expect(theilSen(floors(saw, 6))).toBe(0);
  });

  it('is not moved by a spike, by Theil and Sen', () => {
    const spiked = rising.map((point, index) => (index === 58 ? { ...point, value: 10_000 } : point));
    expect(theilSen(spiked)).toBeCloseTo(30, 0);
    expect(leastSquares(spiked)).toBeGreaterThan(300);
  });

  it('has quantiles of few values', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([3, 1, 2], 0.99)).toBe(3);
    expect(quantile([], 0.5)).toBe(0);
  });
});
