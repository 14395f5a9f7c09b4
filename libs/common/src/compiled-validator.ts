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

/** Undefined: class-validator checks this class. */
const compiled = new WeakMap<ClassOf<object>, CompiledValidator<object> | undefined>();

/**
 * Validates values of one class like class-transformer and class-validator, but faster (docs/adr/0020). These packages look up the
 * metadata of the decorators for every field of every value; this class does so once. The checks are the decorators' own.
 */
export class CompiledValidator<T extends object> {
  private constructor(
    private readonly type: ClassOf<T>,
    private readonly fields: ReadonlyMap<string, CompiledField>,
  ) {}

  /** Returns undefined if the class uses a decorator that is not supported. */
  static of<T extends object>(type: ClassOf<T>): CompiledValidator<T> | undefined {
    if (!compiled.has(type)) {
      // For a class with objects of itself.
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

  /** Returns the value as an object of the class; undefined if it is wrong, or class-validator must decide. */
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
   * Adds the faults of a value, with class-validator's messages. Checks the length of each list before its items, and stops
   * when the list of faults is full, so the work is bounded. A value without faults here may still be wrong: class-validator
   * decides then.
   */
  explain(value: unknown, faults: FaultList, path = ''): void {
    if (!isPlainObject(value)) {
      faults.add(path === '' ? 'body' : path, 'must be an object');
      return;
    }
    const prefix = path === '' ? '' : `${path}.`;
    const instance = this.readShallow(value, faults, prefix);
    const fields = [...this.fields.values()].filter(({ name, isChecked }) => isChecked(instance[name], instance));
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

  /** Reads the fields, but not the objects in them. */
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

  /** Like `accept`, for the body of a request: no body counts as an empty object, null does not. */
  acceptSent(value: unknown): T | undefined {
    return value === null ? undefined : this.accept(value ?? {});
  }
}

/** Adds the reasons why a field is wrong, and returns them. */
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
  // For a missing value "is required" is enough.
  const added = reasons.includes(REQUIRED) ? [REQUIRED] : reasons;
  for (const reason of added) faults.add(prefix + name, reason);
  return added;
}

function acceptorOf(type: ClassOf<object>): ((value: unknown) => object | undefined) | undefined {
  const validator = CompiledValidator.of(type);
  return validator && ((value) => validator.accept(value));
}

/** Whether decorators exclude or rename fields. */
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
