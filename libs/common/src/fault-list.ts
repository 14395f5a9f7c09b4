import { BadParameterError, type Fault } from './error-catalogue.js';

/** Faults that one answer tells; another one says that there are more. */
export const MAX_FAULTS = 100;
/** The reason for a field that is not there. */
export const REQUIRED = 'is required';
/** Reasons that the one fault of a map tells. */
const MAX_REASONS = 10;
/** Characters of the path of a fault, of which callers choose the names. */
const MAX_FIELD = 256;

/** The faults of one request. Once it is full nobody needs to look for more of them. */
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

/** 1001 with these faults, of which an answer tells the first 100. */
export function faultError(faults: Iterable<Fault>): BadParameterError {
  const list = new FaultList();
  for (const { field, reason } of faults) {
    list.add(field, reason);
    if (list.isFull) break;
  }
  return list.toError();
}

/** Reasons in one text, the first 10 of them; no more are looked for. Undefined: there is none. */
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
