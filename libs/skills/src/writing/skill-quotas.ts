import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '#common';
import type { Transaction } from '#database';
import { type Demand, Quotas } from '#quotas';
import { isForeignName } from '../names/index.js';
import type { HeldSkill } from './held-skills.reader.js';
import type { Refusals, SkillBodies } from './registration-batch.js';
import { keyOf, MAX_PARTS, type RegisterSkillBody, type ReplaceSkillBody } from '../model/skill.dto.js';
import { countParts, listDemands, type GrowingBody, computeGrowth, type PresentSkill } from './skill-growth.js';
import type { LockedSkill } from './skill-writer.js';

const PARTS = 'SELECT count(*) FROM skills s JOIN';
/** Locks the Skills. A Skill that exists adds nothing, so it must not be deleted before it is written. */
const PRESENT = `WITH x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(place integer, name text, version text)),
  held AS MATERIALIZED (SELECT s.id, s.name, s.version, s.owner, s.space_id FROM skills s
    WHERE (s.name, s.version) IN (SELECT name, version FROM x) ORDER BY s.name, s.version FOR KEY SHARE)
  SELECT x.place, s.id, s.owner, s.space_id,
    ${isForeignName('x.name', '$2')} AS foreign,
    (SELECT array_agg(e.url) FROM skill_endpoints e WHERE e.skill_id = s.id) AS urls,
    (SELECT array_agg(c.name) FROM capabilities c WHERE c.skill_id = s.id) AS names
  FROM x LEFT JOIN held s USING (name, version) ORDER BY x.place`;

/** The most that a Skill from another Space can add. */
const MOST = { skills: 1, endpoints: MAX_PARTS, capabilities: MAX_PARTS };
const NONE = { skills: 0, endpoints: 0, capabilities: 0 };

/** Limits the Skills, endpoints and capabilities of a client and of a Space. */
@Injectable()
export class SkillQuotas implements OnModuleInit {
  constructor(private readonly quotas: Quotas) {}

  onModuleInit(): void {
    for (const [prefix, column] of [
      ['', 'owner'],
      ['space_', 'space_id'],
    ] as const) {
      // A batch of 1,000 Skills counts as 100 requests: 12,000 Skills a minute, and twice that around the turn of a minute.
      const skills = `SELECT count(*) FROM skills WHERE ${column} = $1`;
      this.quotas.register(`${prefix}skills`, { count: skills, perSecond: 4_000 });
      const endpoints = `${PARTS} skill_endpoints e ON e.skill_id = s.id WHERE s.${column} = $1`;
      this.quotas.register(`${prefix}endpoints`, { count: endpoints, perSecond: 40_000 });
      const capabilities = `${PARTS} capabilities c ON c.skill_id = s.id WHERE s.${column} = $1`;
      this.quotas.register(`${prefix}capabilities`, { count: capabilities, perSecond: 40_000 });
    }
  }

  /**
   * Checks the quotas of the owner, and of the Spaces that bodies name. Parts that exist already add nothing. Returns for
   * each body undefined or the error. `admitHeld` checks the Spaces of known Skills.
   */
  async admit(tx: Transaction, owner: string, bodies: readonly GrowingBody[]): Promise<(ApiError | undefined)[]> {
    const spaces = new Map<string, string>();
    const most = bodies.map((body) => {
      if (body.space_id !== undefined) spaces.set(keyOf(body), body.space_id);
      const all = countParts(body, 1);
      return listDemands(owner, all, spaces.get(keyOf(body)), all);
    });
    return this.quotas.admit(tx, most, async () => computeGrowth(owner, bodies, await this.present(tx, owner, bodies)));
  }

  /** Like `admit`, for one body. @throws QuotaExceededError (1009) */
  async assertRoom(tx: Transaction, owner: string, body: GrowingBody): Promise<void> {
    const [refusal] = await this.admit(tx, owner, [body]);
    if (refusal) throw refusal;
  }

  /**
   * Checks the bodies of locked Skills. A body without a Space needs room in the Space of its Skill. A body with another
   * Space needs room there for the whole Skill.
   */
  async admitHeld(
    tx: Transaction,
    owner: string,
    asked: readonly SkillBodies[],
    held: ReadonlyMap<string, HeldSkill>,
  ): Promise<Refusals> {
    const items = asked.flatMap((skill) => listHeldDemands(owner, skill, held.get(keyOf(skill))?.space_id ?? null));
    const bodies = items.map(([body]) => body);
    const refusals = await this.quotas.admit(
      tx,
      items.map(([, demands]) => demands),
      async () => computeGrowth(owner, bodies, await this.present(tx, owner, bodies)),
    );
    return new Map(
      bodies.flatMap((body, place): [RegisterSkillBody, ApiError][] => {
        const refusal = refusals[place];
        return refusal ? [[body, refusal]] : [];
      }),
    );
  }

  /** Checks the new parts of a locked Skill. @throws QuotaExceededError (1009) */
  async assertRoomFor(tx: Transaction, skill: LockedSkill, body: ReplaceSkillBody): Promise<void> {
    const isMoved = body.space_id !== (skill.space_id ?? undefined);
    const all = countParts(body, isMoved ? 1 : 0);
    const most = listDemands(skill.owner, { ...all, skills: 0 }, body.space_id, all);
    const [refusal] = await this.quotas.admit(tx, [most], async () => {
      const [present] = await this.present(tx, skill.owner, [skill]);
      const grown = {
        skills: 0,
        endpoints: all.endpoints - (present?.urls?.length ?? 0),
        capabilities: all.capabilities - (present?.names?.length ?? 0),
      };
      return [{ demands: listDemands(skill.owner, grown, body.space_id, isMoved ? all : grown) }];
    });
    if (refusal) throw refusal;
  }

  private present(
    tx: Transaction,
    owner: string,
    bodies: readonly { name: string; version: string }[],
  ): Promise<PresentSkill[]> {
    const asked = bodies.map(({ name, version }, place) => ({ place, name, version }));
    return tx.query(PRESENT, [JSON.stringify(asked), owner]);
  }
}

/** The bodies of a locked Skill in a Space, with the demands that `admit` has not checked. */
function listHeldDemands(owner: string, { bodies }: SkillBodies, from: string | null): [RegisterSkillBody, Demand[]][] {
  let space = from;
  const items = bodies.map((body): [RegisterSkillBody, Demand[]] => {
    const isMoved = body.space_id !== undefined && body.space_id !== space;
    if (isMoved) space = body.space_id ?? null;
    // `admit` has checked what it adds to the Space that it names.
    if (!isMoved && body.space_id !== undefined) return [body, []];
    return [body, listDemands(owner, NONE, space, isMoved ? MOST : countParts(body, 0))];
  });
  return space === null ? [] : items;
}
