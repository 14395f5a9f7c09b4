import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { prepared, type Transaction } from '#database';
import type { CapabilityBody } from '../model/skill.dto.js';
import { type WrittenPart, WrittenParts } from './written-part.js';

/** A capability as it is written; a category of null takes the category away; a new one gets the id that it brings, if any. */
export type CapabilityPart = Omit<CapabilityBody, 'category'> & { category?: string | null; capability_id?: string };

interface Part {
  written: WrittenPart;
  body: CapabilityPart;
}

const MERGE = prepared(
  'capabilities.merge',
  `INSERT INTO capabilities AS c (id, skill_id, name, description, category, version, status)
         SELECT x.id, x.skill_id, x.name, COALESCE(x.description, ''), x.category, x.version, COALESCE(x.status, 'enabled')
         FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, name text, description text, category text,
           version text, status text)
         ON CONFLICT (skill_id, name) DO UPDATE SET updated_at = now()
         RETURNING c.id, c.skill_id, c.name, (c.xmax = 0) AS created`,
);

const UPDATE = prepared(
  'capabilities.update',
  `UPDATE capabilities c SET description = COALESCE(x.description, c.description),
         category = CASE WHEN x.categorized THEN x.category ELSE c.category END,
         version = COALESCE(x.version, c.version), status = COALESCE(x.status, c.status)
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, description text, category text, categorized boolean,
         version text, status text) WHERE c.id = x.id`,
);

/** Writes capabilities of many Skills: new ones with defaults, known ones (by name) with what the body says. */
@Injectable()
export class CapabilitiesWriter {
  async merge(
    tx: Transaction,
    skills: readonly { skillId: string; body: { version: string; capabilities?: readonly CapabilityPart[] } }[],
  ): Promise<void> {
    const bodies = skills.flatMap(({ skillId, body }) =>
      (body.capabilities ?? []).map((capability) => ({ skillId, capability, version: body.version })),
    );
    if (bodies.length === 0) return;
    const rows = bodies.map(({ skillId, capability, version }) => ({
      id: capability.capability_id ?? newId(),
      skill_id: skillId,
      name: capability.name,
      description: capability.description,
      category: capability.category,
      version: capability.version ?? version,
      status: capability.status,
    }));
    const written = new WrittenParts(await tx.query<WrittenPart[]>(MERGE, [JSON.stringify(rows)]));
    const parts = bodies.map(({ skillId, capability }) => ({
      written: written.get(skillId, capability.name),
      body: capability,
    }));
    await this.update(
      tx,
      parts.filter((part) => !part.written.created),
    );
    await this.writeParameters(tx, parts);
  }

  private async update(tx: Transaction, parts: readonly Part[]): Promise<void> {
    if (parts.length === 0) return;
    const rows = parts.map(({ written, body: { description, category, version, status } }) => ({
      id: written.id,
      description,
      category,
      categorized: category !== undefined,
      version,
      status,
    }));
    await tx.query(UPDATE, [JSON.stringify(rows)]);
  }

  private async writeParameters(tx: Transaction, parts: readonly Part[]): Promise<void> {
    const said = parts.filter(({ body }) => body.parameters !== undefined);
    const known = said.filter(({ written }) => !written.created);
    if (known.length > 0) {
      await tx.query('DELETE FROM capability_params WHERE capability_id = ANY($1::uuid[])', [
        known.map(({ written }) => written.id),
      ]);
    }
    const rows = said.flatMap(({ written, body }) =>
      Object.entries(body.parameters ?? {}).map(
        ([name, { type, required = false, default: value, description = '' }]) => ({
          id: newId(),
          capability_id: written.id,
          name,
          type,
          required,
          default_value: value === undefined ? null : JSON.stringify(value),
          description,
        }),
      ),
    );
    if (rows.length === 0) return;
    await tx.query(
      `INSERT INTO capability_params (id, capability_id, name, type, required, default_value, description)
       SELECT x.id, x.capability_id, x.name, x.type, x.required, x.default_value, x.description
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, capability_id uuid, name text, type text, required boolean,
         default_value text, description text)`,
      [JSON.stringify(rows)],
    );
  }
}
