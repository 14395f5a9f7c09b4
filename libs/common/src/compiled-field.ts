import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as transformers } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, type ValidationArguments } from 'class-validator';
import { isPlainData } from './plain-data.js';

export type ClassOf<T extends object> = new () => T;
export type ValidationMetadata = ReturnType<
  ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']
>[number];

/** Whether the value of a field is right. False may also mean that class-validator must decide. */
type Check = (value: unknown, object: object) => boolean;
type TypeMetadata = ReturnType<(typeof transformers)['findTypeMetadata']>;
type Accept = (value: unknown) => object | undefined;

/** Instead of a value that only class-validator can check. */
export const DOUBTFUL = Symbol('doubtful');

/** One rule of a field. */
interface Rule {
  holds: Check;
  /** The reason why a wrong value is refused. */
  reasonFor: (value: unknown, object: object) => string;
}

/** A field of a payload with the rules of its decorators. */
export interface CompiledField {
  name: string;
  /** Converts a value like class-transformer, or returns `DOUBTFUL`. `source` is the object that has the value. */
  read: (value: unknown, source: object) => unknown;
  isRight: Check;
  /** Like `read`, but does not convert nested objects. */
  readShallow: (value: unknown, source: object) => unknown;
  /** Whether the rules apply to this value: an optional field has no rules for `undefined`. */
  isChecked: Check;
  /** All of them. */
  rules: readonly Rule[];
  /** The rules for the length of a list. If one of them fails, nothing else is checked. */
  sizes: readonly Rule[];
  /** The class of nested objects. */
  nested: { type: ClassOf<object>; reason: string } | undefined;
}

/** The rule of class-validator that bounds the cost of the others. */
const MAX_SIZE = 'arrayMaxSize';

/** A decorator is not supported: class-validator checks the class. */
export class NotCompilable extends Error {}

/** `acceptOf` compiles the class of nested objects. */
export function compileField(
  type: ClassOf<object>,
  name: string,
  metadata: readonly ValidationMetadata[],
  acceptOf: (type: ClassOf<object>) => Accept | undefined,
): CompiledField {
  // class-transformer skips methods and getters of the class.
  if (name in type.prototype) throw new NotCompilable();
  const conditions: Check[] = [];
  const sizes: Rule[] = [];
  const rules: Rule[] = [];
  let nestedRule: ValidationMetadata | undefined;
  let maxItems = Infinity;
  for (const rule of metadata) {
    if (rule.type === 'conditionalValidation') conditions.push(conditionOf(rule));
    else if (rule.type === 'nestedValidation') nestedRule = rule;
    else if (rule.type === 'customValidation' || rule.type === 'isDefined') {
      const made = rulesOf(rule);
      rules.push(...made);
      if (rule.name !== MAX_SIZE) continue;
      sizes.push(...made);
      maxItems = rule.constraints[0] as number;
    } else throw new NotCompilable();
  }
  const nested = transformers.findTypeMetadata(type, name) as TypeMetadata | undefined;
  // Nested objects without a class have no rules.
  if (nestedRule && !nested) throw new NotCompilable();
  const read = nested ? nestedReaderOf(nested, acceptOf) : asItIs;
  const isChecked: Check = (value, object) => conditions.every((holds) => holds(value, object));
  return {
    name,
    read: transforming(type, name, (value, source) =>
      Array.isArray(value) && value.length > maxItems ? DOUBTFUL : read(value, source),
    ),
    readShallow: transforming(type, name, asItIs),
    isChecked,
    isRight: (value, object) =>
      (!isChecked(value, object) || rules.every(({ holds }) => holds(value, object))) &&
      // At the end, because it visits all nested values.
      (nested !== undefined || isPlainData(value)),
    rules,
    sizes,
    nested:
      nested && nestedRule
        ? { type: nested.typeFunction() as ClassOf<object>, reason: messageOf(nestedRule, undefined) }
        : undefined,
  };
}

/** The message of class-validator. */
function messageOf({ message }: ValidationMetadata, args: ValidationArguments | undefined): string {
  if (typeof message === 'string') return message;
  return typeof message === 'function' && args ? message(args) : '';
}

function conditionOf({ constraints }: ValidationMetadata): Check {
  const condition = constraints[0] as (object: object, value: unknown) => boolean;
  return (value, object) => condition(object, value);
}

function rulesOf(rule: ValidationMetadata): Rule[] {
  const { each, constraints, propertyName: property, validateIf } = rule;
  return getMetadataStorage()
    .getTargetValidatorConstraints(rule.constraintCls)
    .map((constraint): Rule => {
      const { instance, async: isAsync } = constraint;
      if (isAsync) throw new NotCompilable();
      const argumentsFor = (value: unknown, object: object): ValidationArguments => ({
        targetName: object.constructor.name,
        property,
        object,
        value,
        constraints,
      });
      const check: Check = (value, object) => {
        if (value instanceof Set || value instanceof Map) return false;
        const args = argumentsFor(value, object);
        if (!each || !Array.isArray(value)) return instance.validate(value, args) === true;
        return value.every((item) => instance.validate(item, args) === true);
      };
      return {
        holds: validateIf ? (value, object) => !validateIf(object, value) || check(value, object) : check,
        reasonFor: (value, object) => {
          const args = argumentsFor(value, object);
          return messageOf(rule, args) || (instance.defaultMessage?.(args) ?? 'is wrong');
        },
      };
    });
}

function transforming(type: ClassOf<object>, name: string, read: CompiledField['read']): CompiledField['read'] {
  const transforms = transformers.findTransformMetadatas(type, name, TransformationType.PLAIN_TO_CLASS);
  if (transforms.some(({ options }) => Object.keys(options).length > 0)) throw new NotCompilable();
  if (transforms.length === 0) return read;
  return (value, source) => {
    let result = read(value, source);
    if (result === DOUBTFUL) return DOUBTFUL;
    for (const { transformFn } of transforms) {
      const options = {};
      result = transformFn({ value: result, key: name, obj: source, type: TransformationType.PLAIN_TO_CLASS, options });
    }
    return result;
  };
}

function asItIs(value: unknown): unknown {
  return value;
}

/** For a list of objects of one class, or one such object. */
function nestedReaderOf(
  { typeFunction, reflectedType, options }: TypeMetadata,
  acceptOf: (type: ClassOf<object>) => Accept | undefined,
): CompiledField['read'] {
  const accept = options.discriminator ? undefined : acceptOf(typeFunction() as ClassOf<object>);
  if (!accept || (reflectedType !== Array && reflectedType !== Object)) throw new NotCompilable();
  return (value) => {
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return accept(value) ?? DOUBTFUL;
    const items: object[] = [];
    for (const item of value as unknown[]) {
      const accepted = accept(item);
      if (!accepted) return DOUBTFUL;
      items.push(accepted);
    }
    return items;
  };
}
