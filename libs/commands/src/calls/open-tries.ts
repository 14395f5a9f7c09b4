import type { Route } from '../routing/router.js';
import type { TryOutcome } from '../executions/try-log.js';
import type { AttemptAnswer } from './transport.js';

/** Why a try was aborted: another endpoint, which was asked later, answered before. */
export const OVERTAKEN = Symbol('overtaken');

/** A try that is under way. */
export interface OpenTry {
  route: Route;
  /** Of `performance.now`. */
  startedAt: number;
  abort: AbortController;
  /** Ends it in the log of the call. */
  end: (outcome: TryOutcome) => void;
}

export type SettledTry = OpenTry & ({ answered: AttemptAnswer } | { error: unknown });

/** The tries of one call that are under way at the same time. The signal aborts all of them. */
export class OpenTries {
  private readonly open = new Map<OpenTry, Promise<SettledTry>>();
  private readonly abortAll = (): void => {
    for (const { abort } of this.open.keys()) abort.abort();
  };

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.abortAll, { once: true });
  }

  get isEmpty(): boolean {
    return this.open.size === 0;
  }

  add(made: OpenTry, work: Promise<AttemptAnswer>): void {
    if (this.signal.aborted) made.abort.abort();
    this.open.set(
      made,
      work.then(
        (answered) => ({ ...made, answered }),
        (error: unknown) => ({ ...made, error }),
      ),
    );
  }

  /** Returns the try that ends next, which is no longer under way; undefined if none does within so many milliseconds. */
  async next(withinMs: number | undefined): Promise<SettledTry | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      if (withinMs !== undefined) timer = setTimeout(resolve, withinMs, undefined);
    });
    const all = [...this.open].map(([made, settled]) => settled.then((result) => ({ made, result })));
    const first = await Promise.race([...all, late]);
    clearTimeout(timer);
    if (first) this.open.delete(first.made);
    return first?.result;
  }

  /** Aborts what is under way, because this one has answered. Returns those that it has overtaken. */
  supersede(winner: OpenTry): OpenTry[] {
    const overtaken = [...this.open.keys()].filter(({ startedAt }) => startedAt < winner.startedAt);
    for (const made of this.open.keys()) {
      const isSlower = overtaken.includes(made);
      made.end(isSlower ? 'timeout' : 'cancelled');
      made.abort.abort(isSlower ? OVERTAKEN : undefined);
    }
    return overtaken;
  }

  /** Call it when the call has ended: by a time-out, or else cancelled. */
  close(outcome: 'timeout' | 'cancelled'): void {
    this.signal.removeEventListener('abort', this.abortAll);
    for (const { end } of this.open.keys()) end(outcome);
    this.abortAll();
  }
}
