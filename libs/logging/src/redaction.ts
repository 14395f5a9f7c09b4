import { maskSecrets, memoize, REDACTED } from '#common';

/** A log line stays readable and cheap whatever it is given: deeper, longer and bigger values are cut. */
const MAX_DEPTH = 8;
const MAX_NODES = 1000;
const MAX_TEXT = 16_384;
const MAX_CAUSES = 5;

/** Characters; a token of this service has some 700. */
const MAX_SECRET = 4_096;
const SECRET_KEY = /(?:authorization|cookie|api[-_]?key|private[-_]?key|passw(?:or)?d|secret|token)s?$/i;

/** How errors appear in the log; nothing of this ever goes to a caller. */
export interface DescribedError {
  type: string;
  message: string;
  code?: string | number;
  stack?: string;
  cause?: unknown;
}

/** Shortens a text to the limit of a log line, and masks credentials in it. */
export function redactText(text: string): string {
  const start = redactStart(text, MAX_TEXT);
  return text.length > MAX_TEXT ? `${start}… (${text.length} characters)` : start;
}

/** The first `length` characters, masked. It masks before it cuts: half a secret would not be recognised. */
export function redactStart(text: string, length: number): string {
  return maskSecrets(text.slice(0, length + MAX_SECRET)).slice(0, length);
}

/** A copy of the fields of a log line without secrets, at any depth that is logged at all. Never throws. */
export function redactFields(
  fields: Record<string, unknown>,
  options: { causeStacks: boolean },
): Record<string, unknown> {
  try {
    return new Redaction(options.causeStacks).fields(fields, 0);
  } catch {
    // A getter that throws, or an error whose message is none: this runs in handlers of errors.
    return { fields: '[unreadable]' };
  }
}

class Redaction {
  private nodesLeft = MAX_NODES;
  private readonly ancestors = new Set<object>();

  /** Stacks of causes are many lines of one story: they are for debugging. */
  constructor(private readonly causeStacks: boolean) {}

  fields(value: object, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (this.nodesLeft <= 0) break;
      copy[key] = isSecret(key) && field !== undefined && field !== null ? REDACTED : this.value(field, depth + 1);
    }
    return copy;
  }

  private value(value: unknown, depth: number): unknown {
    this.nodesLeft -= 1;
    switch (typeof value) {
      case 'string':
        return redactText(value);
      case 'object':
        return value === null ? null : this.object(value, depth);
      case 'bigint':
        return value.toString();
      case 'function':
      case 'symbol':
        return undefined;
      case 'boolean':
      case 'number':
      case 'undefined':
        return value;
    }
  }

  private object(value: object, depth: number): unknown {
    if (value instanceof Error) return this.error(value, 0);
    if (this.ancestors.has(value)) return '[circular]';
    if (depth > MAX_DEPTH) return '[too deep]';
    this.ancestors.add(value);
    try {
      if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
      if (value instanceof Map || value instanceof Set) return this.list([...value], depth);
      if (Array.isArray(value)) return this.list(value, depth);
      if (!hasToJson(value)) return this.fields(value, depth);
      const json = value.toJSON();
      return json === value ? '[unreadable]' : this.value(json, depth + 1);
    } catch {
      // A getter or toJSON that throws: the line is worth more than this one value.
      return '[unreadable]';
    } finally {
      this.ancestors.delete(value);
    }
  }

  private list(values: readonly unknown[], depth: number): unknown[] {
    const copy: unknown[] = [];
    for (const item of values) {
      if (this.nodesLeft <= 0) break;
      copy.push(this.value(item, depth + 1));
    }
    return copy;
  }

  /** Own properties of errors are left out: drivers keep the query and its parameters there. */
  private error(error: Error, causes: number): DescribedError {
    const { code } = error as { code?: unknown };
    return {
      type: error.name === 'Error' ? error.constructor.name : error.name,
      message: redactText(error.message),
      ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
      ...(error.stack !== undefined && (causes === 0 || this.causeStacks) ? { stack: redactText(error.stack) } : {}),
      ...(error.cause !== undefined && causes < MAX_CAUSES ? { cause: this.cause(error.cause, causes + 1) } : {}),
    };
  }

  private cause(cause: unknown, causes: number): unknown {
    return cause instanceof Error ? this.error(cause, causes) : this.value(cause, MAX_DEPTH);
  }
}

const isSecret = memoize((key) => SECRET_KEY.test(key));

function hasToJson(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
