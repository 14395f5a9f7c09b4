import { Injectable } from '@nestjs/common';
import type { AuditActor, Caller } from '#auth';
import { ApiError, ConflictError } from '#common';
import { RetryTransaction, type Transaction } from '#database';
import { indexOfBody } from '../model/facets.js';
import { type RemovalAction, SkillAudit } from './skill-audit.js';
import { type HeldSkill, lockHeld } from './held-parts.js';
import { SkillNames } from '../names/index.js';
import { NewSkillsWriter } from './new-skills.writer.js';
import { type Admission, admit, bySkill, type Refusals, resultsOf, type SkillBodies } from './registration-batch.js';
import { keyOf } from '../model/skill-key.js';
import { NO_PARTS } from '../model/skill-limits.js';
import { RENEW } from './renew-skill.sql.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import { SkillPartsWriter } from './skill-parts.writer.js';
import { EndpointHealthWriter } from './endpoint-health.writer.js';
import type { SkillEvent } from '../model/skill-event.entity.js';
import { type HistorySkill, SkillHistory } from './skill-history.js';
import type { SkillLeases } from '../model/skill-observers.js';
import type { SkillStatus } from '../model/skill.entity.js';
import type { CreateSkillBody, RegisterSkillBody, ReplaceSkillBody } from '../model/skill.dto.js';
import { insertingSkills } from './taken-id.js';

/** What every change needs to know of the Skill that it changes. */
export interface LockedSkill {
  id: string;
  name: string;
  version: string;
  owner: string;
  space_id: string | null;
  status: SkillStatus;
  etag: string;
  registered_at: Date;
}

export interface RegisteredSkill {
  id: string;
  name: string;
  version: string;
  generation: number;
  registered_at: Date;
  created: boolean;
  /** The Space of one that was there already. */
  space_id?: string | null;
  /** Of the endpoints that the body named. */
  leases: SkillLeases;
}

/** Which bodies of Skills that are there are refused; those are held, by `keyOf`. */
export type AdmitHeld = (
  tx: Transaction,
  asked: readonly SkillBodies[],
  held: ReadonlyMap<string, HeldSkill>,
) => Promise<Refusals>;

/** What became of the bodies of one Skill; undefined: the Skill, or its id, belongs to another. */
type Outcome = readonly [Admission, RegisteredSkill | undefined];

/**
 * Writes Skills, within the caller's transaction. Rows are written many at a time, one statement per table, so that a
 * batch costs as many round trips as a single Skill.
 */
@Injectable()
export class SkillWriter {
  constructor(
    private readonly created: NewSkillsWriter,
    private readonly parts: SkillPartsWriter,
    private readonly index: SkillIndexWriter,
    private readonly health: EndpointHealthWriter,
    private readonly history: SkillHistory,
    private readonly audit: SkillAudit,
    private readonly names: SkillNames,
  ) {}

  /** Inserts a Skill that nobody has heard from yet. Returns false when the name, or the name and version, are taken. */
  async create(tx: Transaction, id: string, caller: Caller, body: CreateSkillBody): Promise<boolean> {
    const owner = caller.clientId;
    if (!(await this.names.claim(tx, owner, [body.name])).has(body.name)) return false;
    const { facets, callable, has_active, has_live } = indexOfBody(body);
    const inserted = await tx.query<LockedSkill[]>(
      `INSERT INTO skills (id, name, description, version, owner, space_id, facets, callable, has_active, has_live)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (name, version) DO NOTHING RETURNING id, name, version, registered_at`,
      [
        id,
        body.name,
        body.description ?? '',
        body.version,
        owner,
        body.space_id ?? null,
        facets,
        callable,
        has_active,
        has_live,
      ],
    );
    if (inserted.length === 0) return false;
    await this.parts.merge(tx, [{ skillId: id, body }]);
    await this.index.refresh(tx, [id]);
    await this.record(tx, 'registered', owner, inserted);
    await this.audit.record(tx, caller, 'skill.create', [{ skillId: id, after: body }]);
    return true;
  }

  /**
   * Registers Skills of one owner: new ones are created, known ones renewed and merged. The unique constraint decides
   * between simultaneous registrations; the generation is drawn once the row is held, so that it rises in that order.
   * Bodies of one name and version have the effect of registrations one after the other, and cost one write. The result is
   * in the order of the bodies: ConflictError (1006) for a name or a Skill that belongs to another owner, for a Skill outside
   * of the caller's Spaces, and for an id that belongs to another Skill, or did until lately; BadParameterError (1001) for a
   * body with which its Skill would have too many parts; what `admitHeld` says. A Skill stays in its Space unless the body names another.
   */
  async register(
    tx: Transaction,
    caller: Caller,
    bodies: readonly RegisterSkillBody[],
    admitHeld: AdmitHeld,
  ): Promise<(RegisteredSkill | ApiError)[]> {
    const names = bodies.map(({ name }) => name);
    // Before any Skill is held, here and where names are given to others: so that they do not wait for each other.
    const claimed = await this.names.claim(tx, caller.clientId, names);
    const skills = bySkill(bodies, claimed, await this.keysOfIds(tx, bodies));
    const fresh = skills.map((asked) => admit(asked, NO_PARTS));
    const created = await this.created.insert(
      tx,
      caller.clientId,
      fresh.flatMap(({ write }) => write),
    );
    const outcomes = fresh.flatMap((admission): Outcome[] => {
      const skill = created.get(admission.asked.id);
      const { name, version } = admission.asked;
      return skill ? [[admission, { ...skill, name, version, created: true }]] : [];
    });
    const others = skills.filter(({ id }) => !created.has(id));
    if (others.length > 0) outcomes.push(...(await this.renew(tx, caller, others, admitHeld)));
    const results = resultsOf(bodies.length, outcomes);
    const changes = results.flatMap((skill, index) =>
      skill instanceof ApiError ? [] : [{ skillId: skill.id, after: bodies[index], spaceId: skill.space_id }],
    );
    await this.audit.record(tx, caller, 'skill.register', changes);
    return results;
  }

  /** The Skills that have the ids that a batch asks for. For one body, the statements that write it see to that. */
  private async keysOfIds(tx: Transaction, bodies: readonly RegisterSkillBody[]): Promise<Map<string, string>> {
    const ids = bodies.length > 1 ? bodies.flatMap(({ skill_id }) => skill_id ?? []) : [];
    if (ids.length === 0) return new Map();
    const taken = await tx.query<HistorySkill[]>('SELECT id, name, version FROM skills WHERE id = ANY($1::uuid[])', [
      ids,
    ]);
    return new Map(taken.map((skill) => [skill.id, keyOf(skill)]));
  }

  /** Writes what is there already, or has become so meanwhile. */
  private async renew(
    tx: Transaction,
    caller: Caller,
    asked: readonly SkillBodies[],
    admitHeld: AdmitHeld,
  ): Promise<Outcome[]> {
    const owner = caller.clientId;
    const held = await lockHeld(tx, caller, asked);
    const refusals = await admitHeld(tx, asked, held);
    const admissions = asked.map((skill) => admit(skill, held.get(keyOf(skill))?.parts ?? NO_PARTS, refusals));
    const writes = admissions.flatMap(({ write }) => write);
    const rows = writes.map(({ id, body }) => ({
      id,
      name: body.name,
      description: body.description,
      version: body.version,
      space_id: body.space_id,
      ...indexOfBody(body),
    }));
    const registered = await insertingSkills(() =>
      tx.query<Omit<RegisteredSkill, 'leases'>[]>(RENEW, [JSON.stringify(rows), owner, caller.spaces ?? null]),
    );
    if (registered.some((skill) => !skill.created && !held.has(keyOf(skill)))) {
      throw new RetryTransaction(new Error('a Skill was registered meanwhile, and its parts were not counted'));
    }
    const byKey = new Map(registered.map((skill) => [keyOf(skill), skill]));
    const written = writes.flatMap(({ body }) => {
      const skillId = byKey.get(keyOf(body))?.id;
      return skillId === undefined ? [] : [{ skillId, body }];
    });
    await this.parts.merge(tx, written);
    await this.parts.makeRoom(
      tx,
      owner,
      [...held.values()].flatMap(({ id, hasEnded }) => (hasEnded ? [id] : [])),
    );
    const leases = await this.health.open(
      tx,
      owner,
      written.map(({ skillId, body }) => ({ skillId, owner, urls: body.endpoints.map(({ url }) => url) })),
    );
    await this.index.refresh(
      tx,
      written.map(({ skillId }) => skillId),
    );
    await this.record(
      tx,
      'registered',
      owner,
      registered.filter(({ created }) => created),
    );
    const leasesOf = new Map(leases.map((skill) => [skill.skillId, skill]));
    return admissions.map((admission): Outcome => {
      const skill = byKey.get(keyOf(admission.asked));
      const leases = skill && leasesOf.get(skill.id);
      return [admission, leases && { ...skill, leases }];
    });
  }

  /** Holds the row until the end of the transaction. */
  async lock(tx: Transaction, skillId: string): Promise<LockedSkill | undefined> {
    const [row] = await tx.query<LockedSkill[]>(
      `SELECT id, name, version, owner, space_id, status, registered_at, '"' || generation || '.' || revision || '"' AS etag
       FROM skills WHERE id = $1 FOR UPDATE`,
      [skillId],
    );
    return row;
  }

  /**
   * Replaces a locked Skill. Endpoints keep their id by url, capabilities by name. A new name is claimed for the owner of
   * the Skill; so is the name of a new version, which may be shared no more. @throws ConflictError (1006) when it belongs
   * to another
   */
  async replace(tx: Transaction, actor: AuditActor, skill: LockedSkill, body: ReplaceSkillBody): Promise<void> {
    const isRenamed = body.name !== skill.name;
    if (isRenamed || body.version !== skill.version) {
      if (!(await this.names.claim(tx, skill.owner, [body.name])).has(body.name)) throw new ConflictError();
    }
    const before = await this.audit.stateOf(tx, skill.id);
    await tx.query(
      `UPDATE skills SET name = $2, description = $3, version = $4, status = $5, space_id = $6,
         revision = revision + 1, updated_at = now() WHERE id = $1`,
      [skill.id, body.name, body.description ?? '', body.version, body.status ?? 'active', body.space_id ?? null],
    );
    if (isRenamed) await this.names.freed(tx, [skill], { ids: false });
    await this.parts.replace(tx, skill.id, body);
    await this.index.refresh(tx, [skill.id]);
    await this.record(tx, 'updated', actor.clientId, [{ ...skill, name: body.name, version: body.version }]);
    const after = await this.audit.stateOf(tx, skill.id);
    await this.audit.record(tx, actor, 'skill.update', [{ skillId: skill.id, before, after }]);
  }

  async changeStatus(tx: Transaction, caller: Caller, skill: LockedSkill, status: SkillStatus): Promise<Date> {
    const before = await this.audit.stateOf(tx, skill.id);
    const [rows] = await tx.query<[{ updated_at: Date }[], number]>(
      'UPDATE skills SET status = $2, revision = revision + 1, updated_at = now() WHERE id = $1 RETURNING updated_at',
      [skill.id, status],
    );
    await this.record(tx, 'status_changed', caller.clientId, [skill]);
    const after = before && { ...before, status };
    await this.audit.record(tx, caller, 'skill.status', [{ skillId: skill.id, before, after }]);
    return rows[0]?.updated_at ?? new Date();
  }

  /** The name and the id stay with the owner for a time; the history stays in skill_events. Returns the time of it. */
  async remove(tx: Transaction, caller: Caller, skill: LockedSkill, action: RemovalAction): Promise<Date> {
    const before = await this.audit.stateOf(tx, skill.id);
    const [rows] = await tx.query<[{ at: Date }[], number]>('DELETE FROM skills WHERE id = $1 RETURNING now() AS at', [
      skill.id,
    ]);
    await this.names.freed(tx, [skill], { ids: true });
    await this.record(tx, 'unregistered', caller.clientId, [skill]);
    await this.audit.record(tx, caller, action, [{ skillId: skill.id, before }]);
    return rows[0]?.at ?? new Date();
  }

  /** Tells of a change of a part: the Skill as a whole is another than before. */
  async touch(tx: Transaction, actor: string, skill: LockedSkill): Promise<void> {
    await tx.query('UPDATE skills SET revision = revision + 1, updated_at = now() WHERE id = $1', [skill.id]);
    await this.index.refresh(tx, [skill.id]);
    await this.record(tx, 'updated', actor, [skill]);
  }

  private record(tx: Transaction, event: SkillEvent, actor: string, skills: readonly HistorySkill[]): Promise<void> {
    return this.history.record(
      tx,
      skills.map(({ id, name, version, owner, registered_at }) => ({
        ...{ id, name, version, owner, registered_at },
        ...{ event, actor },
      })),
    );
  }
}
