import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again. @throws Error after so many milliseconds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
  describe: () => string = () => '',
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It did not come about within ${timeoutMs} ms. ${describe()}`);
    await delay(20);
  }
}
