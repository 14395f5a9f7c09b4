import { jest } from '@jest/globals';
import { BoundedCheck, type Outcome } from './bounded-check.js';
import type { IndicatorResult } from './health-indicator.js';

const TIMEOUT = 20;
const ABANDON_AFTER = 300;

describe('BoundedCheck', () => {
  let changes: string[];
  let runs: number;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = [];
    runs = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** What is said of a check that hangs. */
  const silenceOf = async (check: BoundedCheck): Promise<IndicatorResult> => {
    const result = check.result();
    await jest.advanceTimersByTimeAsync(TIMEOUT);
    return result;
  };

  const bounded = (check: () => Promise<IndicatorResult>): BoundedCheck =>
    new BoundedCheck(
      {
        name: 'database',
        readiness: true,
        check: () => {
          runs += 1;
          return check();
        },
      },
      ({ status, reason }: Outcome) => changes.push(`${status} ${reason ?? ''}`.trim()),
      { timeout: TIMEOUT, abandonAfter: ABANDON_AFTER },
    );

  it('waits again for a check that hangs, and gives it up in the end', async () => {
    const check = bounded(() => new Promise(() => undefined));
    await silenceOf(check);
    await silenceOf(check);
    expect(runs).toBe(1);
    await jest.advanceTimersByTimeAsync(ABANDON_AFTER);
    await silenceOf(check);
    expect(runs).toBe(2);
    expect(changes).toEqual(['down no answer within 20 ms']);
  });

  it('takes no notice of what an abandoned check says later', async () => {
    const answers: ((result: IndicatorResult) => void)[] = [];
    const check = bounded(() => new Promise((resolve) => answers.push(resolve)));
    await silenceOf(check);
    await jest.advanceTimersByTimeAsync(ABANDON_AFTER);
    const second = check.result();
    answers[0]?.({ status: 'degraded' });
    await jest.advanceTimersByTimeAsync(1);
    answers[1]?.({ status: 'up' });
    expect(await second).toEqual({ status: 'up' });
    expect(changes).toEqual(['down no answer within 20 ms', 'up']);
  });

  it('says each change of state once', async () => {
    const states: IndicatorResult[] = [
      { status: 'up' },
      { status: 'degraded', reason: 'slow' },
      { status: 'degraded', reason: 'slower' },
      { status: 'down' },
      { status: 'up' },
      { status: 'up' },
    ];
    const check = bounded(() => Promise.resolve(states[runs - 1] ?? { status: 'up' }));
    for (const state of states) expect(await check.result()).toEqual(state);
    expect(changes).toEqual(['degraded slow', 'down', 'up']);
  });
});
