import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '#common';
import type { Transaction } from '#database';
import { type Demand, Quotas } from '#quotas';
import { isForeignName } from '../names/index.js';
import type { HeldSkill } from './renewals.writer.js';
import type { Refusals, SkillBodies } from './registration-batch.js';
import { keyOf, MAX_PARTS, type RegisterSkillBody, type ReplaceSkillBody } from '../model/skill.dto.js';
import { amountsIn, demandsOf, type GrowingBody, growthOf, type PresentSkill } from './skill-growth.js';
import type { LockedSkill } from './skill-writer.js';

const PARTS = 'SELECT count(*) FROM skills s JOIN';
/** Holds the Skills: one that adds nothing because it is there must not be deleted before it is written. */
const PRESENT = `WITH x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(place integer, name text, version text)),
  held AS MATERIALIZED (SELECT s.id, s.name, s.version, s.owner, s.space_id FROM skills s
    WHERE (s.name, s.version) IN (SELECT name, version FROM x) ORDER BY s.name, s.version FOR KEY SHARE)
  SELECT x.place, s.id, s.owner, s.space_id,
    ${isForeignName('x.name', '$2')} AS foreign,
    (SELECT array_agg(e.url) FROM skill_endpoints e WHERE e.skill_id = s.id) AS urls,
    (SELECT array_agg(c.name) FROM capabilities c WHERE c.skill_id = s.id) AS names
  FROM x LEFT JOIN held s USING (name, version) ORDER BY x.place`;

/** What a Skill that comes from another Space brings. */
const MOST = { skills: 1, endpoints: MAX_PARTS, capabilities: MAX_PARTS };
const NONE = { skills: 0, endpoints: 0, capabilities: 0 };

/** How many Skills, endpoints and capabilities a client, and a Space, may have. */
@Injectable()
export class SkillQuotas implements OnModuleInit {
  constructor(private readonly quotas: Quotas) {}

  onModuleInit(): void {
    for (const [prefix, column] of [
      ['', 'owner'],
      ['space_', 'space_id'],
    ] as const) {
      // A request may bring 1,000 Skills and counts as 100; 12,000 may come in a minute, and twice that at its turn.
      const skills = `SELECT count(*) FROM skills WHERE ${column} = $1`;
      this.quotas.register(`${prefix}skills`, { count: skills, perSecond: 4_000 });
      const endpoints = `${PARTS} skill_endpoints e ON e.skill_id = s.id WHERE s.${column} = $1`;
      this.quotas.register(`${prefix}endpoints`, { count: endpoints, perSecond: 40_000 });
      const capabilities = `${PARTS} capabilities c ON c.skill_id = s.id WHERE s.${column} = $1`;
      this.quotas.register(`${prefix}capabilities`, { count: capabilities, perSecond: 40_000 });
    }
  }

  /**
   * Whether there is room for what each of these adds to an owner's Skills, and to the Space that it names; what is there
   * already adds nothing. `admitHeld` sees to the Spaces that Skills are in, or come from.
   */
  async admit(tx: Transaction, owner: string, bodies: readonly GrowingBody[]): Promise<(ApiError | undefined)[]> {
    const spaces = new Map<string, string>();
    const most = bodies.map((body) => {
      if (body.space_id !== undefined) spaces.set(keyOf(body), body.space_id);
      const all = amountsIn(body, 1);
      return demandsOf(owner, all, spaces.get(keyOf(body)), all);
    });
    return this.quotas.admit(tx, most, async () => growthOf(owner, bodies, await this.present(tx, owner, bodies)));
  }

  /** The same of one. @throws QuotaExceededError (1009) */
  async assertRoom(tx: Transaction, owner: string, body: GrowingBody): Promise<void> {
    const [refusal] = await this.admit(tx, owner, [body]);
    if (refusal) throw refusal;
  }

  /**
   * Of bodies of Skills that are held: whether there is room in the Space of the Skill for one that names none, and in the
   * one that it names for all that the Skill brings.
   */
  async admitHeld(
    tx: Transaction,
    owner: string,
    asked: readonly SkillBodies[],
    held: ReadonlyMap<string, HeldSkill>,
  ): Promise<Refusals> {
    const items = asked.flatMap((skill) => demandsOfHeld(owner, skill, held.get(keyOf(skill))?.space_id ?? null));
    const bodies = items.map(([body]) => body);
    const refusals = await this.quotas.admit(
      tx,
      items.map(([, demands]) => demands),
      async () => growthOf(owner, bodies, await this.present(tx, owner, bodies)),
    );
    return new Map(
      bodies.flatMap((body, place): [RegisterSkillBody, ApiError][] => {
        const refusal = refusals[place];
        return refusal ? [[body, refusal]] : [];
      }),
    );
  }

  /** Of a Skill that is held, and gets other parts. @throws QuotaExceededError (1009) */
  async assertRoomFor(tx: Transaction, skill: LockedSkill, body: ReplaceSkillBody): Promise<void> {
    const isMoved = body.space_id !== (skill.space_id ?? undefined);
    const all = amountsIn(body, isMoved ? 1 : 0);
    const most = demandsOf(skill.owner, { ...all, skills: 0 }, body.space_id, all);
    const [refusal] = await this.quotas.admit(tx, [most], async () => {
      const [present] = await this.present(tx, skill.owner, [skill]);
      const grown = {
        skills: 0,
        endpoints: all.endpoints - (present?.urls?.length ?? 0),
        capabilities: all.capabilities - (present?.names?.length ?? 0),
      };
      return [{ demands: demandsOf(skill.owner, grown, body.space_id, isMoved ? all : grown) }];
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

/** The bodies of a Skill that lives in a Space or comes to one, with what they add there beside what they name. */
function demandsOfHeld(owner: string, { bodies }: SkillBodies, from: string | null): [RegisterSkillBody, Demand[]][] {
  let space = from;
  const items = bodies.map((body): [RegisterSkillBody, Demand[]] => {
    const isMoved = body.space_id !== undefined && body.space_id !== space;
    if (isMoved) space = body.space_id ?? null;
    // What it adds to the Space that it names is looked at already.
    if (!isMoved && body.space_id !== undefined) return [body, []];
    return [body, demandsOf(owner, NONE, space, isMoved ? MOST : amountsIn(body, 0))];
  });
  return space === null ? [] : items;
}
