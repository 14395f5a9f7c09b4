import { BadParameterError, type Fault } from './error-catalogue.js';

/** Faults in one response; one more says that there are others. */
export const MAX_FAULTS = 100;
/** The reason for a field that is not there. */
export const REQUIRED = 'is required';
/** Reasons in the fault of a map. */
const MAX_REASONS = 10;
/** Characters of the path of a fault: callers choose the names in it. */
const MAX_FIELD = 256;

/** The faults of one request. Once it is full, validation may stop. */
export class FaultList {
  private readonly faults: Fault[] = [];
  private hasMore = false;

  get isEmpty(): boolean {
    return this.faults.length === 0;
  }

  get isFull(): boolean {
    return this.hasMore;
  }

  add(field: string, reason: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ field: field.slice(0, MAX_FIELD).toWellFormed(), reason });
    else this.hasMore = true;
  }

  /** 1001 with the first 100 faults, and the notice that there are more. */
  toError(): BadParameterError {
    const notice = { field: 'body', reason: `has more faults than these ${MAX_FAULTS}` };
    return new BadParameterError(this.hasMore ? [...this.faults, notice] : this.faults);
  }
}

/** 1001 with the first 100 of these faults. */
export function faultError(faults: Iterable<Fault>): BadParameterError {
  const list = new FaultList();
  for (const { field, reason } of faults) {
    list.add(field, reason);
    if (list.isFull) break;
  }
  return list.toError();
}

/** Joins the first 10 reasons; undefined if there is none. It reads no more of them than that. */
export function joinedReasons(reasons: Iterable<string>): string | undefined {
  const told: string[] = [];
  for (const reason of reasons) {
    if (told.length === MAX_REASONS) {
      told.push('and more');
      break;
    }
    told.push(reason);
  }
  return told.length > 0 ? told.join('; ') : undefined;
}
