/**
 * The messages between the service and its supervisor, one JSON document per line.
 *
 * The service writes one `SupervisorOrder`, then nothing more: the end of that pipe, for any reason, means
 * stop. The supervisor sends `hello` when it knows that it can work where it was started.
 */
export interface SupervisorOrder {
  /** Set on a second start within one service: its connections know this port. Unset: any free one. */
  port?: number;
}

export type SupervisorMessage =
  | { type: 'hello' }
  | { type: 'log'; message: string }
  | { type: 'ready'; port: number }
  | { type: 'failed'; message: string };

// `#common` has both, too, but brings Nest with it: the supervisor loads no other room, so that it stays small.

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Milliseconds to wait after so many failures: doubles from 100 ms, never over 5 s. */
export function backOff(failures: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(failures - 1, 6));
}
