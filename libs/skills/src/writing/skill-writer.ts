import { Injectable } from '@nestjs/common';
import type { AuditActor, Caller } from '#auth';
import { ApiError, ConflictError, toSkillUuid } from '#common';
import type { Transaction } from '#database';
import { SkillAudit } from './skill-audit.js';
import { SkillNames } from '../names/index.js';
import { stateHealth } from './merged-body.js';
import { type CreatedSkill, NewSkillsWriter } from './new-skills.writer.js';
import {
  type Admission,
  admit,
  bySkill,
  NO_PARTS,
  NOTHING_RESERVED,
  type RegisteredSkill,
  type Reserved,
  listResults,
} from './registration-batch.js';
import { type AdmitHeld, RenewalsWriter } from './renewals.writer.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import { SkillPartsWriter } from './skill-parts.writer.js';
import type { SkillEvent } from '../model/skill-event.entity.js';
import { type HistorySkill, SkillHistory } from './skill-history.js';
import { mergedDeprecation, storedDeprecation } from '../model/deprecation.js';
import type { SkillStatus } from '../model/skill.entity.js';
import { type CreateSkillBody, keyOf, type RegisterSkillBody, type ReplaceSkillBody } from '../model/skill.dto.js';

/** A Skill whose row is locked, as each change needs it. */
export interface LockedSkill {
  id: string;
  external_id: string | null;
  name: string;
  version: string;
  owner: string;
  space_id: string | null;
  status: SkillStatus;
  etag: string;
  registered_at: Date;
}

/** Result of the bodies of one Skill. Undefined: the Skill, its name or its id belongs to another client. */
type Outcome = readonly [Admission, RegisteredSkill | undefined];

/**
 * Writes Skills, within the caller's transaction. Rows are written many at a time, one statement per table, so that a
 * batch costs as many round trips as a single Skill.
 */
@Injectable()
export class SkillWriter {
  constructor(
    private readonly newSkills: NewSkillsWriter,
    private readonly renewals: RenewalsWriter,
    private readonly parts: SkillPartsWriter,
    private readonly index: SkillIndexWriter,
    private readonly history: SkillHistory,
    private readonly audit: SkillAudit,
    private readonly names: SkillNames,
  ) {}

  /** Inserts a Skill. @throws ConflictError (1006) if the name belongs to another client, or name and version to another Skill */
  async create(tx: Transaction, id: string, caller: Caller, body: CreateSkillBody): Promise<CreatedSkill> {
    const { created } = await this.newSkills.insert(tx, caller, [{ id, body: stateHealth(body) }], 'created');
    const skill = created.get(id);
    if (!skill) throw new ConflictError();
    await this.audit.record(tx, caller, 'skill.create', [{ skillId: id, after: body }]);
    return skill;
  }

  /**
   * Registers Skills of one owner: inserts new ones, renews and merges known ones. The unique constraint decides between
   * simultaneous registrations. The generation is drawn while the row is locked, so that it rises in that order.
   * Bodies of one name and version have the effect of registrations one after the other, and cost one write.
   *
   * Returns one result for each body. Errors are ConflictError (1006) for a name or a Skill that belongs to another owner,
   * for a Skill outside of the caller's Spaces, and for an id that belongs to another Skill, or did until lately;
   * BadParameterError (1001) for a body with which its Skill would have too many parts; and those of `admitHeld`. A Skill
   * stays in its Space unless the body names another.
   */
  async register(
    tx: Transaction,
    caller: Caller,
    bodies: readonly RegisterSkillBody[],
    admitHeld: AdmitHeld,
  ): Promise<(RegisteredSkill | ApiError)[]> {
    const { skills, taken } = bySkill(bodies.map(stateHealth), await this.reservedFor(tx, caller, bodies));
    const fresh = skills.map((asked) => admit(asked, NO_PARTS));
    const { created, foreign } = await this.newSkills.insert(
      tx,
      caller,
      fresh.flatMap(({ write }) => write),
      'registered',
    );
    const outcomes = fresh.flatMap((admission): Outcome[] => {
      const skill = created.get(admission.asked.id);
      return skill ? [[admission, { ...skill, created: true }]] : [];
    });
    const others = skills.filter(({ id }) => !created.has(id) && !foreign.has(id));
    if (others.length > 0) {
      for (const [admission, skill] of await this.renewals.renew(tx, caller, others, admitHeld)) {
        outcomes.push([admission, skill && { ...skill, created: false }]);
      }
    }
    const results = listResults(bodies.length, taken, outcomes);
    const changes = results.flatMap((skill, index) =>
      skill instanceof ApiError ? [] : [{ skillId: skill.id, after: bodies[index], spaceId: skill.space_id }],
    );
    await this.audit.record(tx, caller, 'skill.register', changes);
    return results;
  }

  /** Returns the ids of the batch that other Skills have, and the names that the client may not use. */
  private async reservedFor(tx: Transaction, caller: Caller, bodies: readonly RegisterSkillBody[]): Promise<Reserved> {
    const ids =
      bodies.length > 1 ? bodies.flatMap(({ skill_id }) => (skill_id === undefined ? [] : toSkillUuid(skill_id))) : [];
    if (ids.length === 0) return NOTHING_RESERVED;
    const taken = await tx.query<HistorySkill[]>('SELECT id, name, version FROM skills WHERE id = ANY($1::uuid[])', [
      ids,
    ]);
    const names = bodies.map(({ name }) => name);
    return {
      ids: new Map(taken.map((skill) => [skill.id, keyOf(skill)])),
      names: await this.names.foreign(tx, caller.clientId, names),
    };
  }

  /** Locks the row until the end of the transaction. */
  async lock(tx: Transaction, skillId: string): Promise<LockedSkill | undefined> {
    const [row] = await tx.query<LockedSkill[]>(
      `SELECT id, external_id, name, version, owner, space_id, status, registered_at, '"' || generation || '.' || revision || '"' AS etag
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
      `UPDATE skills s SET name = $2, description = $3, version = $4, status = $5, space_id = $6,
         deprecated = $7::text IS NOT NULL, deprecation = ${mergedDeprecation('$7::text')}, tags = $8,
         revision = revision + 1, updated_at = now() WHERE id = $1`,
      [
        skill.id,
        body.name,
        body.description ?? '',
        body.version,
        body.status ?? 'active',
        body.space_id ?? null,
        storedDeprecation(body.deprecated),
        body.tags ?? [],
      ],
    );
    if (isRenamed) await this.names.freed(tx, [skill], { ids: false });
    await this.parts.replace(tx, actor.clientId, skill, stateHealth(body));
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

  /** Records that a part of the Skill has changed: a new revision, index and history entry. */
  async touch(tx: Transaction, actor: string, skill: LockedSkill): Promise<void> {
    await tx.query('UPDATE skills SET revision = revision + 1, updated_at = now() WHERE id = $1', [skill.id]);
    await this.index.refresh(tx, [skill.id]);
    await this.record(tx, 'updated', actor, [skill]);
  }

  private record(tx: Transaction, event: SkillEvent, actor: string, skills: readonly HistorySkill[]): Promise<void> {
    return this.history.record(
      tx,
      skills.map(({ id, name, version, owner, registered_at }) => {
        return { id, name, version, owner, registered_at, event, actor };
      }),
    );
  }
}
