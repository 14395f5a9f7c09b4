import type { AuditActor } from '#auth';
import { RetryTransaction, type Transaction, violatesUnique } from '#database';
import type { SkillNames } from '../names/index.js';
import { MASK, type SecretMap, type SkillSecrets } from '../secrets/index.js';
import { keyOf, type ReplaceSkillBody } from '../model/skill.dto.js';
import type { LockedSkill, SkillWriter } from '../writing/skill-writer.js';
import type { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import type { NewSkillsImporter } from './new-skills.importer.js';
import type { SkillLine } from './skill.line.js';

/** What became of a line. `present`: a Skill of this name and version, or of this id, is here and was left alone. */
export interface ImportedSkill {
  status: 'created' | 'replaced' | 'present';
  /** Of the Skill here; of one that was present: of the line. */
  skillId: string;
}

interface KeptSecret {
  skill_id: string;
  /** Of an endpoint; null: metadata. */
  url: string | null;
  key: string;
}

const LOCK = `SELECT id, name, version, owner, space_id, status, registered_at, '"' || generation || '.' || revision || '"' AS etag
  FROM skills WHERE id IN (
    SELECT s.id FROM skills s JOIN unnest($1::text[], $2::text[]) AS x(name, version) USING (name, version)
    UNION ALL SELECT id FROM skills WHERE id = ANY($3::uuid[]))
  ORDER BY name, version FOR UPDATE`;

const SECRETS = `SELECT skill_id, NULL AS url, key FROM skill_metadata WHERE secret AND skill_id = ANY($1::uuid[])
  UNION ALL SELECT e.skill_id, e.url, p.key FROM endpoint_params p JOIN skill_endpoints e ON e.id = p.endpoint_id
  WHERE p.secret AND e.skill_id = ANY($1::uuid[])`;

/** Writes Skills of a file, within the caller's transaction. */
export class SkillImporter {
  constructor(
    private readonly created: NewSkillsImporter,
    private readonly writer: SkillWriter,
    private readonly secrets: SkillSecrets,
    private readonly changes: CatalogueChanges,
    private readonly names: SkillNames,
  ) {}

  /** @throws BadParameterError (1001) when it holds a secret, and there is no key to encrypt it with. */
  assertStorable(line: SkillLine): void {
    this.secrets.assertStorable(line);
  }

  /**
   * In the order of the lines. With `replace`, what is here becomes what the line says; its id and its leases stay. Owners are
   * those of the lines: a name that belongs to another is shared with them.
   */
  async import(
    tx: Transaction,
    actor: AuditActor,
    lines: readonly SkillLine[],
    replace: boolean,
  ): Promise<ImportedSkill[]> {
    const results = new Map<SkillLine, ImportedSkill>();
    for (let rest = lines; rest.length > 0;) {
      const { first, again } = unique(rest);
      const created = await this.created.insert(tx, actor, first);
      for (const line of first) {
        const status = created.has(line.skill_id) ? 'created' : 'present';
        results.set(line, { status, skillId: line.skill_id });
      }
      const present = first.filter(({ skill_id }) => !created.has(skill_id));
      await this.names.grant(tx, replace ? first : first.filter(({ skill_id }) => created.has(skill_id)));
      if (replace && present.length > 0) await this.replaceAll(tx, actor, present, results);
      rest = again;
    }
    return lines.flatMap((line) => results.get(line) ?? []);
  }

  /** After the commit: running services learn of it as of any other change (docs/adr/0019). */
  async announce(skillIds: readonly string[]): Promise<void> {
    await this.changes.announce(skillIds);
  }

  private async replaceAll(
    tx: Transaction,
    actor: AuditActor,
    lines: readonly SkillLine[],
    results: Map<SkillLine, ImportedSkill>,
  ): Promise<void> {
    const held = await tx.query<LockedSkill[]>(LOCK, [
      lines.map(({ name }) => name),
      lines.map(({ version }) => version),
      lines.map(({ skill_id }) => skill_id),
    ]);
    const byKey = new Map(held.map((skill) => [keyOf(skill), skill]));
    const byId = new Map(held.map((skill) => [skill.id, skill]));
    const kept = new Set((await tx.query<KeptSecret[]>(SECRETS, [[...byId.keys()]])).map((secret) => nameOf(secret)));
    for (const line of lines) {
      const skill = byKey.get(keyOf(line)) ?? byId.get(line.skill_id);
      if (!skill) throw new RetryTransaction(new Error(`${line.name} ${line.version} was unregistered meanwhile`));
      await this.replace(tx, actor, skill, line, kept);
      results.set(line, { status: 'replaced', skillId: skill.id });
    }
  }

  private async replace(
    tx: Transaction,
    actor: AuditActor,
    skill: LockedSkill,
    line: SkillLine,
    kept: ReadonlySet<string>,
  ): Promise<void> {
    try {
      await this.writer.replace(tx, actor, { ...skill, owner: line.owner }, bodyOf(line, skill.id, kept));
    } catch (error) {
      if (violatesUnique(error, 'uq_skills_name_version')) throw new RetryTransaction(error);
      throw error;
    }
    await tx.query('UPDATE skills SET owner = $2 WHERE id = $1 AND owner <> $2', [skill.id, line.owner]);
  }
}

/** What PUT takes; a secret that the file only names stays as it is here, if it is here. */
function bodyOf(line: SkillLine, skillId: string, kept: ReadonlySet<string>): ReplaceSkillBody {
  const masked = (map: SecretMap = {}, keys: readonly string[] = [], url: string | null): SecretMap => ({
    ...map,
    ...Object.fromEntries(
      keys.flatMap((key) => (kept.has(nameOf({ skill_id: skillId, url, key })) ? [[key, MASK]] : [])),
    ),
  });
  const { name, description, version, status, space_id, metadata, secret_metadata } = line;
  return {
    ...{ name, description, version, status, space_id },
    endpoints: line.endpoints.map(({ endpoint_id: _, secret_parameters, ...endpoint }) => ({
      ...endpoint,
      parameters: masked(endpoint.parameters, secret_parameters, endpoint.url),
    })),
    capabilities: line.capabilities?.map(({ capability_id: _, ...capability }) => capability),
    metadata: masked(metadata, secret_metadata, null),
  };
}

function nameOf({ skill_id, url, key }: KeptSecret): string {
  return JSON.stringify([skill_id, url, key]);
}

/** Lines of which no two are the same Skill, and the rest. */
function unique(lines: readonly SkillLine[]): { first: SkillLine[]; again: SkillLine[] } {
  const seen = new Set<string>();
  const [first, again]: [SkillLine[], SkillLine[]] = [[], []];
  for (const line of lines) {
    const marks = [keyOf(line), line.skill_id];
    (marks.some((mark) => seen.has(mark)) ? again : first).push(line);
    for (const mark of marks) seen.add(mark);
  }
  return { first, again };
}
