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
import { isPlainObject } from './plain-data.js';

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
    for (const name of Object.keys(value)) {
      const field = this.fields.get(name);
      const read = field ? field.read(value[name], value) : DOUBTFUL;
      if (read === DOUBTFUL) return undefined;
      target[name] = read;
    }
    for (const { name, isRight } of this.fields.values()) if (!isRight(target[name], instance)) return undefined;
    return instance;
  }

  /** The same of what a request sent: a body that was not sent is an empty one. */
  acceptSent(value: unknown): T | undefined {
    return this.accept(value ?? {});
  }
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
