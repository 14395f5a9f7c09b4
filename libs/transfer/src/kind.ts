import type { AuditActor } from '#auth';
import { validateBody } from '#common';
import type { Transaction } from '#database';

/** `present`: it existed already and stays unchanged. `left`: never imported, or the same here. */
export type Status = 'created' | 'replaced' | 'present' | 'left';

/** The result of one line. */
export interface Written {
  status: Status;
  /** The name to show to people. */
  name: string;
  /** Parts that the file does not contain: the operator must set them. */
  lacks: string[];
  /** The id that is announced to running services after the commit. */
  id?: string;
}

/** A kind of object in an export, and how it is imported. */
export interface Kind {
  readonly type: string;
  /** Checks a line by the rules of the API. @throws BadParameterError (1001) with every fault */
  check(line: unknown): Promise<void>;
  /** Writes lines that were checked; the results have the same order. */
  write(tx: Transaction, actor: AuditActor, lines: readonly unknown[], replace: boolean): Promise<Written[]>;
  /** Tells running services. Call it after the commit. */
  announce?(ids: readonly string[]): Promise<void>;
}

/** A kind whose lines are objects of a class. */
export function defineKind<T extends object>(
  line: new () => T,
  kind: Omit<Kind, 'check' | 'write'> & {
    check?(line: T): void;
    write(tx: Transaction, actor: AuditActor, lines: readonly T[], replace: boolean): Promise<Written[]>;
  },
): Kind {
  return {
    ...kind,
    check: async (value) => {
      const checked = await validateBody(line, value);
      kind.check?.(checked);
    },
    write: async (tx, actor, values, replace) => {
      const lines: T[] = [];
      for (const value of values) lines.push(await validateBody(line, value));
      return kind.write(tx, actor, lines, replace);
    },
  };
}
