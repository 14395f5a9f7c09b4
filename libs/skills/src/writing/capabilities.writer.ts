import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { type ArrayElement, arrayLiteral, columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import type { CapabilityBody } from '../model/capability.dto.js';
import { type NestedDeclaration, toStored } from '../schemas/index.js';
import { type MergedPart, mergeParts } from './merged-part.js';

type Removable = Pick<CapabilityBody, 'category' | 'output_schema' | 'examples'>;

/** A capability to write. Null removes. `id`: the UUID of a new capability. */
export type CapabilityPart = Omit<CapabilityBody, keyof Removable> & {
  [field in keyof Removable]: Removable[field] | null;
} & { id?: string };

/** Updates known capabilities and inserts new ones. The Skills must be locked. Returns the ids of known ones by place. */
const MERGE = prepared(
  'capabilities.merge',
  `WITH x AS MATERIALIZED (SELECT * FROM ${rowsOfArrays({
    place: 'integer',
    id: 'uuid',
    external_id: 'text',
    skill_id: 'uuid',
    name: 'text',
    description: 'text',
    category: 'text',
    categorized: 'boolean',
    version: 'text',
    skill_version: 'text',
    status: 'text',
    input_schema: 'json',
    parameterized: 'boolean',
    output_schema: 'json',
    promised: 'boolean',
    examples: 'json',
    exemplified: 'boolean',
  })}),
     known AS (
       UPDATE capabilities c SET description = COALESCE(x.description, c.description),
         external_id = COALESCE(NULLIF(x.external_id, c.id::text), c.external_id),
         category = CASE WHEN x.categorized THEN x.category ELSE c.category END,
         version = COALESCE(x.version, c.version), status = COALESCE(x.status, c.status),
         input_schema = CASE WHEN x.parameterized THEN x.input_schema ELSE c.input_schema END,
         output_schema = CASE WHEN x.promised THEN x.output_schema ELSE c.output_schema END,
         examples = CASE WHEN x.exemplified THEN x.examples ELSE c.examples END, updated_at = now()
       FROM x WHERE c.skill_id = x.skill_id AND c.name = x.name RETURNING x.place, c.id),
     added AS (
       INSERT INTO capabilities (id, external_id, skill_id, name, description, category, version, status, input_schema, output_schema,
         examples)
       SELECT x.id, x.external_id, x.skill_id, x.name, COALESCE(x.description, ''), x.category, COALESCE(x.version, x.skill_version),
         COALESCE(x.status, 'enabled'), x.input_schema, x.output_schema, x.examples
       FROM x WHERE x.place NOT IN (SELECT place FROM known))
   SELECT place, id FROM known`,
);

/** Replaces the parameters of the capabilities $1. Rising ids keep the order. */
const REPLACE_PARAMETERS = prepared(
  'capabilities.parameters',
  `WITH x AS MATERIALIZED (SELECT * FROM ${rowsOfArrays(
    {
      id: 'uuid',
      capability_id: 'uuid',
      name: 'text',
      type: 'text',
      required: 'boolean',
      default_value: 'text',
      description: 'text',
      rules: 'json',
    },
    2,
  )}),
     gone AS (
       DELETE FROM capability_params p WHERE p.capability_id IN (SELECT id FROM ${rowsOfArrays({ id: 'uuid' })})
         AND NOT EXISTS (SELECT FROM x WHERE x.capability_id = p.capability_id AND x.name = p.name))
   INSERT INTO capability_params (id, capability_id, name, type, required, default_value, description, rules)
   SELECT x.id, x.capability_id, x.name, x.type, x.required, x.default_value, x.description, x.rules FROM x
   ON CONFLICT (capability_id, name) DO UPDATE SET id = EXCLUDED.id, type = EXCLUDED.type, required = EXCLUDED.required,
     default_value = EXCLUDED.default_value, description = EXCLUDED.description, rules = EXCLUDED.rules,
     updated_at = now()`,
);

/** Whether a body says what calls take, in either form. Then it replaces both forms. */
export function isParameterized({
  parameters,
  input_schema,
}: Pick<CapabilityPart, 'parameters' | 'input_schema'>): boolean {
  return parameters !== undefined || input_schema !== undefined;
}

/** The columns type, required, default_value, description and rules. */
export function declarationColumns(declaration: NestedDeclaration): ArrayElement[] {
  const { type, required, defaultValue, description, rules } = toStored(declaration);
  return [type, required, defaultValue, description, rules];
}

export function toJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** Writes capabilities of many Skills. New ones get defaults; known ones (by name) keep fields that the body leaves out. */
@Injectable()
export class CapabilitiesWriter {
  async merge(
    tx: Transaction,
    skills: readonly { skillId: string; body: { version: string; capabilities?: readonly CapabilityPart[] } }[],
  ): Promise<void> {
    const parts = skills.flatMap(({ skillId, body }) =>
      (body.capabilities ?? []).map((capability) => ({
        skillId,
        id: capability.id ?? newId(),
        skillVersion: body.version,
        body: capability,
      })),
    );
    if (parts.length === 0) return;
    const rows = parts.map(({ skillId, id, skillVersion, body }, place) => {
      const { capability_id: externalId, name, description, category, version, status, output_schema, examples } = body;
      return [
        ...[
          place,
          id,
          externalId,
          skillId,
          name,
          description,
          category,
          category !== undefined,
          version,
          skillVersion,
          status,
        ],
        ...[toJson(body.input_schema), isParameterized(body)],
        ...[toJson(output_schema), output_schema !== undefined, toJson(examples), examples !== undefined],
      ];
    });
    await this.writeParameters(tx, await mergeParts(tx, MERGE, columnsOf(rows), parts));
  }

  /** Replaces the parameters of the capabilities whose bodies describe them. */
  private async writeParameters(tx: Transaction, parts: readonly MergedPart<CapabilityPart>[]): Promise<void> {
    const said = parts.filter(({ body }) => isParameterized(body));
    const known = said.filter(({ isNew }) => !isNew).map(({ id }) => id);
    const rows = said.flatMap(({ id, body }) =>
      Object.entries(body.parameters ?? {}).map(([name, declaration]) => [
        newId(),
        id,
        name,
        ...declarationColumns(declaration),
      ]),
    );
    if (known.length > 0 || rows.length > 0)
      await tx.query(REPLACE_PARAMETERS, [arrayLiteral(known), ...columnsOf(rows, 8)]);
  }
}
