import type { AuditActor } from '#auth';
import type { Transaction } from '#database';
import type { NewSkillBody, NewSkillsWriter } from '../writing/new-skills.writer.js';
import type { SkillAudit } from '../writing/skill-audit.js';
import { type SkillLine, toCapabilityBody } from './skill.line.js';

const COUNT = `UPDATE skill_status t SET request_count = x.request_count, error_count = x.error_count,
    routed_count = x.routed_count, routed_errors = x.routed_errors
  FROM jsonb_to_recordset($1::jsonb) AS x(skill_id uuid, request_count bigint, error_count bigint, routed_count bigint,
    routed_errors bigint) WHERE t.skill_id = x.skill_id`;

const TAKEN = `SELECT id FROM skill_endpoints WHERE id = ANY($1::uuid[])
  UNION ALL SELECT id FROM capabilities WHERE id = ANY($1::uuid[])`;

/** Inserts new Skills of a file with the ids of the file. */
export class NewSkillsImporter {
  constructor(
    private readonly newSkills: NewSkillsWriter,
    private readonly audit: SkillAudit,
  ) {}

  /** The lines must differ in their ids, and in name and version. Returns the ids of the new Skills. */
  async insert(tx: Transaction, actor: AuditActor, lines: readonly SkillLine[]): Promise<Set<string>> {
    const skills = await this.withFreeIds(tx, lines);
    const ids = await this.newSkills.import(
      tx,
      actor.clientId,
      skills.map((line) => ({
        id: line.skill_id,
        body: toNewBody(line),
        past: { ...line, status: line.status ?? 'active' },
      })),
    );
    const inserted = skills.filter(({ skill_id }) => ids.has(skill_id));
    const counts = inserted.flatMap(pickCounts);
    if (counts.length > 0) await tx.query(COUNT, [JSON.stringify(counts)]);
    await this.audit.record(
      tx,
      actor,
      'skill.import',
      inserted.map((line) => ({ skillId: line.skill_id, after: line })),
    );
    return ids;
  }

  /** Parts keep their ids, which callers and channels use, unless another part has them here. */
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

function toNewBody(line: SkillLine): NewSkillBody {
  const { skill_id, external_id, capabilities } = line;
  return {
    ...line,
    skill_id: external_id ?? skill_id,
    capabilities: capabilities?.map((capability) => ({
      ...toCapabilityBody(capability),
      id: capability.capability_id,
    })),
  };
}

function pickCounts({ skill_id, request_count = 0, error_count = 0, routed_count = 0, routed_errors = 0 }: SkillLine) {
  const counts = { request_count, error_count, routed_count, routed_errors };
  return Object.values(counts).some((count) => count > 0) ? [{ skill_id, ...counts }] : [];
}
