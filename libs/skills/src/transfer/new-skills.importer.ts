import type { AuditActor } from '#auth';
import type { Transaction } from '#database';
import { indexOfBody } from '../model/facets.js';
import type { SkillAudit } from '../writing/skill-audit.js';
import type { SkillHistory } from '../writing/skill-history.js';
import type { SkillIndexWriter } from '../writing/skill-index.writer.js';
import type { SkillPartsWriter } from '../writing/skill-parts.writer.js';
import { insertingSkills } from '../writing/taken-id.js';
import type { SkillLine } from './skill.line.js';

interface NewSkill {
  id: string;
  name: string;
  version: string;
  registered_at: Date;
}

const INSERT = `INSERT INTO skills (id, name, description, version, status, owner, space_id, generation, registered_at,
    created_at, updated_at, facets, callable, has_active, has_live)
  SELECT x.id, x.name, x.description, x.version, x.status, x.owner, x.space_id, x.generation, x.registered_at,
    x.created_at, x.updated_at, x.facets, x.callable, x.has_active, x.has_live
  FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, name text, description text, version text, status text, owner text,
    space_id text, generation bigint, registered_at timestamptz, created_at timestamptz, updated_at timestamptz,
    facets bigint[], callable boolean, has_active boolean, has_live boolean)
  WHERE NOT EXISTS (SELECT FROM skills o WHERE o.id = x.id)
  ORDER BY x.name, x.version ON CONFLICT (name, version) DO NOTHING RETURNING id, name, version, registered_at`;

const COUNT = `UPDATE skill_status t SET request_count = x.request_count, error_count = x.error_count,
    routed_count = x.routed_count, routed_errors = x.routed_errors
  FROM jsonb_to_recordset($1::jsonb) AS x(skill_id uuid, request_count bigint, error_count bigint, routed_count bigint,
    routed_errors bigint) WHERE t.skill_id = x.skill_id`;

const TAKEN = `SELECT id FROM skill_endpoints WHERE id = ANY($1::uuid[])
  UNION ALL SELECT id FROM capabilities WHERE id = ANY($1::uuid[])`;

/** Writes Skills of a file that are not here yet, under their ids, with the writers that registrations use. */
export class NewSkillsImporter {
  constructor(
    private readonly parts: SkillPartsWriter,
    private readonly index: SkillIndexWriter,
    private readonly history: SkillHistory,
    private readonly audit: SkillAudit,
  ) {}

  /** No two of the lines have a name and version, or an id, in common. Returns the ids of those that are new. */
  async insert(tx: Transaction, actor: AuditActor, lines: readonly SkillLine[]): Promise<Set<string>> {
    const rows = lines.map(({ skill_id, description = '', status = 'active', ...line }) => ({
      ...{ id: skill_id, name: line.name, description, version: line.version, status, owner: line.owner },
      ...{ space_id: line.space_id, generation: line.generation, registered_at: line.registered_at },
      ...{ created_at: line.created_at, updated_at: line.updated_at },
      ...indexOfBody(line),
    }));
    const created = await insertingSkills(() => tx.query<NewSkill[]>(INSERT, [JSON.stringify(rows)]));
    const ids = new Set(created.map(({ id }) => id));
    if (ids.size === 0) return ids;
    const written = await this.withFreeIds(
      tx,
      lines.filter(({ skill_id }) => ids.has(skill_id)),
    );
    await this.parts.merge(
      tx,
      written.map((line) => ({ skillId: line.skill_id, body: line })),
    );
    await tx.query(COUNT, [JSON.stringify(written.flatMap(countsOf))]);
    await this.index.refresh(tx, [...ids]);
    await this.history.record(
      tx,
      created.map((skill) => ({ ...skill, event: 'registered', actor: actor.clientId })),
    );
    await this.audit.record(
      tx,
      actor,
      'skill.import',
      written.map((line) => ({ skillId: line.skill_id, after: line })),
    );
    return ids;
  }

  /** Parts keep their ids, by which callers and channels know them, unless something else here has them. */
  private async withFreeIds(tx: Transaction, lines: readonly SkillLine[]): Promise<SkillLine[]> {
    const ids = lines.flatMap(({ endpoints, capabilities = [] }) => [
      ...endpoints.flatMap(({ endpoint_id }) => endpoint_id ?? []),
      ...capabilities.flatMap(({ capability_id }) => capability_id ?? []),
    ]);
    const taken = new Set((await tx.query<{ id: string }[]>(TAKEN, [ids])).map(({ id }) => id));
    const free = (id: string | undefined): string | undefined => {
      if (id === undefined || taken.has(id)) return undefined;
      taken.add(id);
      return id;
    };
    return lines.map((line) => ({
      ...line,
      endpoints: line.endpoints.map((endpoint) => ({ ...endpoint, endpoint_id: free(endpoint.endpoint_id) })),
      capabilities: line.capabilities?.map((capability) => ({
        ...capability,
        capability_id: free(capability.capability_id),
      })),
    }));
  }
}

function countsOf({ skill_id, request_count = 0, error_count = 0, routed_count = 0, routed_errors = 0 }: SkillLine) {
  const counts = { request_count, error_count, routed_count, routed_errors };
  return Object.values(counts).some((count) => count > 0) ? [{ skill_id, ...counts }] : [];
}
