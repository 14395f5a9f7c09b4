import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as transformers } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage } from 'class-validator';
import { isPlainData } from './plain-data.js';

export type ClassOf<T extends object> = new () => T;
export type ValidationMetadata = ReturnType<
  ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']
>[number];

/** Says whether a value of a field is right; false also stands for "ask class-validator". */
type Check = (value: unknown, object: object) => boolean;
type TypeMetadata = ReturnType<(typeof transformers)['findTypeMetadata']>;
type Accept = (value: unknown) => object | undefined;

/** A value that only class-validator can judge. */
export const DOUBTFUL = Symbol('doubtful');

/** A field of a payload, with what its decorators say. */
export interface CompiledField {
  name: string;
  /** What class-transformer would make of it, or `DOUBTFUL`; `source` is the object that it comes in. */
  read: (value: unknown, source: object) => unknown;
  isRight: Check;
}

/** Thrown for what is not known here: the class is then left to class-validator. */
export class NotCompilable extends Error {}

/** `acceptOf` compiles the class of nested objects. */
export function compileField(
  type: ClassOf<object>,
  name: string,
  metadata: readonly ValidationMetadata[],
  acceptOf: (type: ClassOf<object>) => Accept | undefined,
): CompiledField {
  // class-transformer leaves out what is a method or a getter of the class.
  if (name in type.prototype) throw new NotCompilable();
  const conditions: Check[] = [];
  const checks: Check[] = [];
  let isNested = false;
  for (const rule of metadata) {
    if (rule.type === 'conditionalValidation') conditions.push(conditionOf(rule));
    else if (rule.type === 'nestedValidation') isNested = true;
    else if (rule.type === 'customValidation' || rule.type === 'isDefined') checks.push(...checksOf(rule));
    else throw new NotCompilable();
  }
  const nested = transformers.findTypeMetadata(type, name) as TypeMetadata | undefined;
  // Nested objects of no class have no rules to be checked by.
  if (isNested && !nested) throw new NotCompilable();
  const read = transforming(type, name, nested ? nestedReaderOf(nested, acceptOf) : plain);
  return {
    name,
    read,
    isRight: (value, object) =>
      !conditions.every((holds) => holds(value, object)) || checks.every((holds) => holds(value, object)),
  };
}

function conditionOf({ constraints }: ValidationMetadata): Check {
  const condition = constraints[0] as (object: object, value: unknown) => boolean;
  return (value, object) => condition(object, value);
}

function checksOf(rule: ValidationMetadata): Check[] {
  const { each, constraints, propertyName: property, validateIf } = rule;
  return getMetadataStorage()
    .getTargetValidatorConstraints(rule.constraintCls)
    .map((constraint): Check => {
      const { instance, async: isAsync } = constraint;
      if (isAsync) throw new NotCompilable();
      const check: Check = (value, object) => {
        if (value instanceof Set || value instanceof Map) return false;
        const context = { targetName: object.constructor.name, property, object, value, constraints };
        if (!each || !Array.isArray(value)) return instance.validate(value, context) === true;
        return value.every((item) => instance.validate(item, context) === true);
      };
      return validateIf ? (value, object) => !validateIf(object, value) || check(value, object) : check;
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

function plain(value: unknown): unknown {
  return isPlainData(value) ? value : DOUBTFUL;
}

/** Of a list of objects of one class, or of one such object. */
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
