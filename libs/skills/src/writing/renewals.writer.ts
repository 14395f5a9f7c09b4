import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { pickExternalId } from '#common';
import { arrayLiteral, columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import { mergedDeprecation, storedDeprecation } from '../model/deprecation.js';
import { keyOf } from '../model/skill.dto.js';
import type { SkillLeases } from '../model/skill-observers.js';
import { EndpointHealthWriter } from './endpoint-health.writer.js';
import { type HeldSkill, HeldSkillsReader } from './held-skills.reader.js';
import {
  type Admission,
  admit,
  NO_PARTS,
  type Refusals,
  refuse,
  type SkillBodies,
  TakenIdError,
} from './registration-batch.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import { SkillPartsWriter } from './skill-parts.writer.js';

/** Returns the refused bodies. `held` has the locked Skills by `keyOf`. */
export type AdmitHeld = (
  tx: Transaction,
  asked: readonly SkillBodies[],
  held: ReadonlyMap<string, HeldSkill>,
) => Promise<Refusals>;

export interface RenewedSkill {
  id: string;
  external_id: string | null;
  generation: number;
  registered_at: Date;
  space_id: string | null;
  leases: SkillLeases;
}

/** The Skills are locked, so that generations rise in the order of the renewals. */
const RENEW = prepared(
  'renewals.renew',
  `UPDATE skills s SET description = COALESCE(NULLIF(x.description, ''), s.description),
     external_id = COALESCE(s.external_id, x.external_id), space_id = COALESCE(x.space_id, s.space_id),
     tags = COALESCE(x.tags::text[], s.tags), deprecated = COALESCE(x.deprecated, s.deprecated),
     deprecation = CASE WHEN x.deprecated IS NULL THEN s.deprecation ELSE ${mergedDeprecation('x.deprecation')} END,
     generation = nextval('skill_generation'), revision = s.revision + 1, registered_at = now(), last_heartbeat = now(),
     updated_at = now()
   FROM ${rowsOfArrays({
     id: 'uuid',
     external_id: 'text',
     description: 'text',
     space_id: 'text',
     tags: 'text',
     deprecated: 'boolean',
     deprecation: 'text',
   })} WHERE s.id = x.id
   RETURNING s.id, s.external_id, s.generation, s.registered_at, s.space_id`,
);

/** Renews Skills that exist already (docs/adr/0007). */
@Injectable()
export class RenewalsWriter {
  constructor(
    private readonly reader: HeldSkillsReader,
    private readonly parts: SkillPartsWriter,
    private readonly index: SkillIndexWriter,
    private readonly health: EndpointHealthWriter,
  ) {}

  /**
   * Locks the Skills, merges the bodies that `admitHeld` and the limits of parts allow, and opens leases. Returns the result
   * for each Skill. Undefined: the Skill, its name or the id of a body belongs to another client.
   */
  async renew(
    tx: Transaction,
    caller: Caller,
    sent: readonly SkillBodies[],
    admitHeld: AdmitHeld,
  ): Promise<(readonly [Admission, RenewedSkill | undefined])[]> {
    const owner = caller.clientId;
    const { held, asked, taken } = await this.reader.lock(tx, caller, sent);
    const known = asked.filter((skill) => held.has(keyOf(skill)));
    const refusals = await admitHeld(tx, known, held);
    const admissions = asked.map((skill) =>
      taken.has(skill.id)
        ? refuse(skill, new TakenIdError())
        : admit(skill, held.get(keyOf(skill))?.parts ?? NO_PARTS, refusals),
    );
    const written = admissions.flatMap(({ asked: skill, write }) => {
      const skillId = held.get(keyOf(skill))?.id;
      return skillId === undefined ? [] : write.map(({ body }) => ({ skillId, body }));
    });
    const rows = written.map(({ skillId, body: { skill_id, description, space_id, tags, deprecated } }) => {
      const deprecation = storedDeprecation(deprecated);
      const isDeprecated = deprecated === undefined ? undefined : deprecation !== null;
      const externalId = pickExternalId(skillId, skill_id);
      return [skillId, externalId, description, space_id, tags && arrayLiteral(tags), isDeprecated, deprecation];
    });
    const [renewed] = await tx.query<[Omit<RenewedSkill, 'leases'>[], number]>(RENEW, columnsOf(rows, 7));
    await this.parts.merge(tx, written);
    const full = [...held.values()].filter(({ hasEnded }) => hasEnded);
    await this.parts.makeRoom(
      tx,
      owner,
      full.map(({ id }) => id),
    );
    const leases = await this.health.open(
      tx,
      owner,
      written.map(({ skillId, body }) => ({ skillId, owner, endpoints: body.endpoints })),
    );
    await this.index.refresh(
      tx,
      written.map(({ skillId }) => skillId),
    );
    const leasesById = new Map(leases.map((skill) => [skill.skillId, skill]));
    const byId = new Map(renewed.map((skill) => [skill.id, skill]));
    return admissions.map((admission) => {
      const id = held.get(keyOf(admission.asked))?.id ?? '';
      const skill = byId.get(id);
      const opened = leasesById.get(id);
      return [admission, skill && opened && { ...skill, leases: opened }];
    });
  }
}
