import { MAX_BODY_VALUES } from './batch-route.decorator.js';
import { defaultMetadataStorage as transformers } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage } from 'class-validator';
import {
  type ClassOf,
  type CompiledField,
  compileField,
  DOUBTFUL,
  NotCompilable,
  type ValidationMetadata,
} from './compiled-field.js';
import { type FaultList, REQUIRED } from './fault-list.js';
import { isPlainObject, isTooLarge } from './plain-data.js';

/** Undefined: left to class-validator. */
const compiled = new WeakMap<ClassOf<object>, CompiledValidator<object> | undefined>();

/**
 * What class-transformer and class-validator do for one class, for values that are right (docs/adr/0020). They look up
 * what the decorators said for every field of every value, which is most of their cost; here that is looked up once. The
 * checks themselves are the decorators' own, so both agree; and what is not right, or not known here, goes the long way,
 * which finds the faults and the words for them.
 */
export class CompiledValidator<T extends object> {
  private constructor(
    private readonly type: ClassOf<T>,
    private readonly fields: ReadonlyMap<string, CompiledField>,
  ) {}

  /** Undefined for a class whose decorators say more than what is known here. */
  static of<T extends object>(type: ClassOf<T>): CompiledValidator<T> | undefined {
    if (!compiled.has(type)) {
      // Found by itself, if it holds objects of its own class.
      compiled.set(type, undefined);
      compiled.set(type, CompiledValidator.compile(type));
    }
    return compiled.get(type) as CompiledValidator<T> | undefined;
  }

  private static compile<T extends object>(type: ClassOf<T>): CompiledValidator<T> | undefined {
    const byName = rulesOf(type);
    if (byName.size === 0 || isSelective(type)) return undefined;
    try {
      const fields = new Map(
        [...byName].map(([name, rules]) => [name, compileField(type, name, rules, (nested) => acceptorOf(nested))]),
      );
      return Object.keys(new type()).every((name) => fields.has(name))
        ? new CompiledValidator(type, fields)
        : undefined;
    } catch (error) {
      if (error instanceof NotCompilable) return undefined;
      throw error;
    }
  }

  /** The value as an object of the class; undefined when class-validator has to look at it. */
  accept(value: unknown): T | undefined {
    if (!isPlainObject(value)) return undefined;
    const instance = new this.type();
    const target = instance as Record<string, unknown>;
    for (const name in value) {
      const field = this.fields.get(name);
      const read = field ? field.read(value[name], value) : DOUBTFUL;
      if (read === DOUBTFUL) return undefined;
      target[name] = read;
    }
    for (const { name, isRight } of this.fields.values()) if (!isRight(target[name], instance)) return undefined;
    return instance;
  }

  /**
   * Adds what is wrong with a value, in class-validator's words. The size of each list is looked at before its items, and
   * nothing more once the list of faults is full: the work grows with the value up to its limits, and not beyond.
   * Finding nothing does not mean that it is right: class-validator has the last word then.
   */
  explain(value: unknown, faults: FaultList, path = ''): void {
    if (!isPlainObject(value)) {
      faults.add(path === '' ? 'body' : path, 'must be an object');
      return;
    }
    const prefix = path === '' ? '' : `${path}.`;
    const instance = this.readShallow(value, faults, prefix);
    const fields = [...this.fields.values()].filter(({ name, isJudged }) => isJudged(instance[name], instance));
    const lists = fields.filter(({ name }) => Array.isArray(instance[name]));
    const tooLong = lists.filter((field) => addReasons(field, field.sizes, instance, faults, prefix).length > 0);
    if (tooLong.length > 0) return;
    for (const field of fields) {
      if (faults.isFull) return;
      const reasons = addReasons(field, field.rules, instance, faults, prefix);
      if (reasons.length === 0 && !field.nested && isTooLarge(instance[field.name]))
        faults.add(prefix + field.name, `has more than ${MAX_BODY_VALUES} values`);
      if (field.nested && !reasons.includes(REQUIRED))
        this.explainNested(field.nested, instance[field.name], faults, prefix + field.name);
    }
  }

  /** The values of its fields; what is in them is as it came. */
  private readShallow(value: Record<string, unknown>, faults: FaultList, prefix: string): Record<string, unknown> {
    const instance = new this.type() as Record<string, unknown>;
    for (const name in value) {
      if (faults.isFull) break;
      const field = this.fields.get(name);
      if (field) instance[name] = field.readShallow(value[name], value);
      else faults.add(prefix + name, 'is unknown');
    }
    return instance;
  }

  private explainNested(
    { type, reason }: NonNullable<CompiledField['nested']>,
    value: unknown,
    faults: FaultList,
    path: string,
  ): void {
    const validator = CompiledValidator.of(type);
    if (value === undefined || !validator) return;
    if (isPlainObject(value)) validator.explain(value, faults, path);
    else if (!Array.isArray(value)) faults.add(path, reason);
    else {
      for (const [index, item] of value.entries()) {
        if (faults.isFull) return;
        if (isPlainObject(item)) validator.explain(item, faults, `${path}.${index}`);
        else if (item !== undefined && !Array.isArray(item)) faults.add(`${path}.${index}`, reason);
      }
    }
  }

  /** The same of what a request sent: a body that was not sent is an empty one. */
  acceptSent(value: unknown): T | undefined {
    return this.accept(value ?? {});
  }
}

/** Returns them. */
function addReasons(
  { name }: CompiledField,
  rules: CompiledField['rules'],
  instance: Record<string, unknown>,
  faults: FaultList,
  prefix: string,
): string[] {
  const value = instance[name];
  const broken = rules.filter(({ holds }) => !holds(value, instance));
  const reasons = broken.map(({ reasonFor }) => reasonFor(value, instance));
  // "is required" says it all: what an absent value fails besides is noise.
  const told = reasons.includes(REQUIRED) ? [REQUIRED] : reasons;
  for (const reason of told) faults.add(prefix + name, reason);
  return told;
}

function acceptorOf(type: ClassOf<object>): ((value: unknown) => object | undefined) | undefined {
  const validator = CompiledValidator.of(type);
  return validator && ((value) => validator.accept(value));
}

/** Whether decorators choose which fields are taken, or rename them. */
function isSelective(type: ClassOf<object>): boolean {
  return transformers.getExposedMetadatas(type).length > 0 || transformers.getExcludedMetadatas(type).length > 0;
}

function rulesOf(type: ClassOf<object>): Map<string, ValidationMetadata[]> {
  const byName = new Map<string, ValidationMetadata[]>();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    byName.set(rule.propertyName, [...(byName.get(rule.propertyName) ?? []), rule]);
  }
  return byName;
}
