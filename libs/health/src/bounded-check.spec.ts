import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedCheck, type Outcome } from './bounded-check.js';
import type { IndicatorResult } from './health-indicator.js';

describe('BoundedCheck', () => {
  let changes: string[];
  let runs: number;

  beforeEach(() => {
    changes = [];
    runs = 0;
  });

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
      { timeout: 20, abandonAfter: 300 },
    );

  it('waits again for a check that hangs, and gives it up in the end', async () => {
    const check = bounded(() => new Promise(() => undefined));
    await check.result();
    await check.result();
    expect(runs).toBe(1);
    await sleep(300);
    await check.result();
    expect(runs).toBe(2);
    expect(changes).toEqual(['down no answer within 20 ms']);
  });

  it('takes no notice of what an abandoned check says later', async () => {
    const answers: ((result: IndicatorResult) => void)[] = [];
    const check = bounded(() => new Promise((resolve) => answers.push(resolve)));
    await check.result();
    await sleep(300);
    const second = check.result();
    answers[0]?.({ status: 'degraded' });
    await sleep(1);
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
