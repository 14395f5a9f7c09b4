import type { AuditActor } from '#auth';
import { validateBody } from '#common';
import type { Transaction } from '#database';

/** `left`: never imported, or the same here. `present`: it is here, and stays as it is. */
export type Status = 'created' | 'replaced' | 'present' | 'left';

/** What became of a line. */
export interface Written {
  status: Status;
  /** As people know it. */
  name: string;
  /** What of it was not in the file, for who has to see to that. */
  lacks: string[];
  /** What running services are told of after the commit. */
  id?: string;
}

/** A kind of object that an export holds: how it gets in. */
export interface Kind {
  readonly type: string;
  /** By the rules of the API. @throws BadParameterError (1001) with every fault */
  check(line: unknown): Promise<void>;
  /** In the order of the lines, which were checked. */
  write(tx: Transaction, actor: AuditActor, lines: readonly unknown[], replace: boolean): Promise<Written[]>;
  /** After the commit. */
  announce?(ids: readonly string[]): Promise<void>;
}

/** A kind whose lines are objects of a class. */
export function kindOf<T extends object>(
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
