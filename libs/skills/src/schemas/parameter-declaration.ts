import { PARAMETER_TYPES, type ParameterType } from '../model/capability.entity.js';

export const DECLARED_TYPES = [...PARAMETER_TYPES, 'integer'] as const;
export type DeclaredType = ParameterType | 'integer';

/** What a declaration says of values besides their type. */
export interface ParameterRules {
  enum?: unknown[];
  items?: NestedDeclaration;
  properties?: Record<string, NestedDeclaration>;
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  min_length?: number;
  max_length?: number;
  pattern?: string;
}

/** A declared parameter in JSON (AI Bridge v0.6.0, Skill interface: capability parameters; the rules are additions). */
export interface ParameterDeclaration extends ParameterRules {
  type: DeclaredType;
  required: boolean;
  default?: unknown;
  description: string;
}

/** A declaration in a body, or inside of another one. */
export type NestedDeclaration = Partial<ParameterDeclaration> & Pick<ParameterDeclaration, 'type'>;
export type ParameterDeclarations = Readonly<Record<string, NestedDeclaration>>;

export const RULES = [
  'enum',
  'items',
  'properties',
  'nullable',
  'minimum',
  'maximum',
  'min_length',
  'max_length',
  'pattern',
] as const satisfies readonly (keyof ParameterRules)[];

/** A declaration as it is stored: the release before knows neither rules nor the type integer. */
export interface StoredDeclaration {
  type: ParameterType;
  required: boolean;
  defaultValue: string | null;
  description: string;
  /** JSON; null if there are none. It has `type` if the type is integer. */
  rules: string | null;
}

export function toStored(declaration: NestedDeclaration): StoredDeclaration {
  const { type, required = false, default: value, description = '' } = declaration;
  const rules = {
    ...(type === 'integer' && { type }),
    ...Object.fromEntries(
      RULES.flatMap((rule) => (declaration[rule] === undefined ? [] : [[rule, declaration[rule]]])),
    ),
  };
  return {
    type: type === 'integer' ? 'number' : type,
    required,
    defaultValue: value === undefined ? null : JSON.stringify(value),
    description,
    rules: Object.keys(rules).length > 0 ? JSON.stringify(rules) : null,
  };
}
