import type { AuditActor } from '#auth';
import { canonicalUrl, pickExternalId } from '#common';
import { RetryTransaction, type Transaction, violatesUnique } from '#database';
import type { SkillNames } from '../names/index.js';
import { assertSchemas } from '../schemas/index.js';
import { MASK, type SecretMap, type SkillSecrets } from '../secrets/index.js';
import { keyOf, type ReplaceSkillBody } from '../model/skill.dto.js';
import type { LockedSkill, SkillWriter } from '../writing/skill-writer.js';
import type { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import type { NewSkillsImporter } from './new-skills.importer.js';
import { type SkillLine, toCapabilityBody } from './skill.line.js';

/** Result of a line. `present`: a Skill with this name and version, or this id, exists and was not changed. */
export interface ImportedSkill {
  status: 'created' | 'replaced' | 'present';
  /** Id of the written Skill; for `present`, the id of the line. */
  skillId: string;
}

interface KeptSecret {
  skill_id: string;
  /** URL of the endpoint. Null: the key is one of the metadata. */
  url: string | null;
  key: string;
}

const LOCK = `SELECT id, external_id, name, version, owner, space_id, status, registered_at, '"' || generation || '.' || revision || '"' AS etag
  FROM skills WHERE id IN (
    SELECT s.id FROM skills s JOIN unnest($1::text[], $2::text[]) AS x(name, version) USING (name, version)
    UNION ALL SELECT id FROM skills WHERE id = ANY($3::uuid[]))
  ORDER BY name, version FOR UPDATE`;

const SECRETS = `SELECT skill_id, NULL AS url, key FROM skill_metadata WHERE secret AND skill_id = ANY($1::uuid[])
  UNION ALL SELECT e.skill_id, e.url, p.key FROM endpoint_params p JOIN skill_endpoints e ON e.id = p.endpoint_id
  WHERE p.secret AND e.skill_id = ANY($1::uuid[])`;

/** Imports Skills of a file in the caller's transaction. */
export class SkillImporter {
  constructor(
    private readonly created: NewSkillsImporter,
    private readonly writer: SkillWriter,
    private readonly secrets: SkillSecrets,
    private readonly changes: CatalogueChanges,
    private readonly names: SkillNames,
  ) {}

  /** @throws BadParameterError (1001) if a schema cannot be compiled, or if the line has a secret, and there is no key to encrypt it */
  assertStorable(line: SkillLine): void {
    this.secrets.assertStorable(line);
    assertSchemas(line);
  }

  /**
   * Returns results in the order of the lines. With `replace`, a known Skill gets the content of its line, and keeps its
   * id and leases. The line names the owner. A name of another client is shared with this owner.
   */
  async import(
    tx: Transaction,
    actor: AuditActor,
    lines: readonly SkillLine[],
    replace: boolean,
  ): Promise<ImportedSkill[]> {
    const results = new Map<SkillLine, ImportedSkill>();
    const spelled = lines.map(keepNewestSpellings);
    for (let rest: readonly SkillLine[] = spelled; rest.length > 0;) {
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
    return spelled.flatMap((line) => results.get(line) ?? []);
  }

  /** Announces the change to running services (docs/adr/0019). Call it after the commit. */
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
    const kept = new Set(
      (await tx.query<KeptSecret[]>(SECRETS, [[...byId.keys()]])).map((secret) => secretKey(secret)),
    );
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
      await this.writer.replace(tx, actor, { ...skill, owner: line.owner }, toReplaceBody(line, skill.id, kept));
    } catch (error) {
      if (violatesUnique(error, 'uq_skills_name_version')) throw new RetryTransaction(error);
      throw error;
    }
    await tx.query(
      `UPDATE skills SET owner = $2, external_id = COALESCE(external_id, $3),
         deprecation = deprecation || CASE WHEN $4::text IS NULL THEN '{}' ELSE jsonb_build_object('since', $4::text) END
       WHERE id = $1 AND (owner <> $2 OR external_id IS NULL OR $4::text IS NOT NULL)`,
      [skill.id, line.owner, pickExternalId(skill.id, line.external_id), line.deprecated_since ?? null],
    );
  }
}

/** The body of a PUT. Secrets that the file names without a value keep their stored value, if there is one. */
function toReplaceBody(line: SkillLine, skillId: string, kept: ReadonlySet<string>): ReplaceSkillBody {
  const masked = <Value>(
    map: SecretMap<Value> = {},
    keys: readonly string[] = [],
    url: string | null,
  ): SecretMap<Value | string> => ({
    ...map,
    ...Object.fromEntries(
      keys.flatMap((key) => (kept.has(secretKey({ skill_id: skillId, url, key })) ? [[key, MASK]] : [])),
    ),
  });
  const { name, description, version, status, space_id, deprecated, metadata, tags, secret_metadata } = line;
  return {
    name,
    description,
    version,
    status,
    space_id,
    deprecated,
    endpoints: line.endpoints.map(({ endpoint_id: _, secret_parameters, ...endpoint }) => ({
      ...endpoint,
      parameters: masked(endpoint.parameters, secret_parameters, endpoint.url),
    })),
    capabilities: line.capabilities?.map(toCapabilityBody),
    metadata: masked(metadata, secret_metadata, null),
    tags,
  };
}

function secretKey({ skill_id, url, key }: KeptSecret): string {
  return JSON.stringify([skill_id, url === null ? null : canonicalUrl(url), key]);
}

/** Older releases kept each spelling of a URL as an endpoint. The file has the newest one last. */
function keepNewestSpellings(line: SkillLine): SkillLine {
  const endpoints = new Map(line.endpoints.map((endpoint) => [canonicalUrl(endpoint.url), endpoint]));
  return endpoints.size === line.endpoints.length ? line : { ...line, endpoints: [...endpoints.values()] };
}

/** Splits lines into the first of each Skill, and the others. */
function unique(lines: readonly SkillLine[]): { first: SkillLine[]; again: SkillLine[] } {
  const seen = new Set<string>();
  const first: SkillLine[] = [];
  const again: SkillLine[] = [];
  for (const line of lines) {
    const marks = [keyOf(line), line.skill_id];
    (marks.some((mark) => seen.has(mark)) ? again : first).push(line);
    for (const mark of marks) seen.add(mark);
  }
  return { first, again };
}
