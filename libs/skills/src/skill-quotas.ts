import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '#common';
import type { Transaction } from '#database';
import { type Demand, Quotas } from '#quotas';
import type { CreateSkillBody, ReplaceSkillBody } from './skill.dto.js';
import { keyOf } from './skill-key.js';
import type { LockedSkill } from './skill-writer.js';

type Body = Pick<CreateSkillBody, 'name' | 'version' | 'endpoints' | 'capabilities' | 'space_id'>;

/** What a Skill that a body names has of it already. */
interface Present {
  place: number;
  id: string | null;
  owner: string | null;
  space_id: string | null;
  urls: string[] | null;
  names: string[] | null;
}

const PARTS = 'SELECT count(*) FROM skills s JOIN';
/** Holds the Skills: one that adds nothing because it is there must not be deleted before it is written. */
const PRESENT = `WITH x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(place integer, name text, version text)),
  held AS MATERIALIZED (SELECT s.id, s.name, s.version, s.owner, s.space_id FROM skills s
    WHERE (s.name, s.version) IN (SELECT name, version FROM x) ORDER BY s.name, s.version FOR KEY SHARE)
  SELECT x.place, s.id, s.owner, s.space_id,
    (SELECT array_agg(e.url) FROM skill_endpoints e WHERE e.skill_id = s.id) AS urls,
    (SELECT array_agg(c.name) FROM capabilities c WHERE c.skill_id = s.id) AS names
  FROM x LEFT JOIN held s USING (name, version) ORDER BY x.place`;

/** How many Skills, endpoints and capabilities a client may have, and how many Skills a Space. */
@Injectable()
export class SkillQuotas implements OnModuleInit {
  constructor(private readonly quotas: Quotas) {}

  onModuleInit(): void {
    // A request may bring 1,000 Skills and counts as 100; 12,000 may come in a minute, and twice that at its turn.
    this.quotas.register('skills', { count: 'SELECT count(*) FROM skills WHERE owner = $1', perSecond: 4_000 });
    this.quotas.register('space_skills', {
      count: 'SELECT count(*) FROM skills WHERE space_id = $1',
      perSecond: 4_000,
    });
    this.quotas.register('endpoints', {
      count: `${PARTS} skill_endpoints e ON e.skill_id = s.id WHERE s.owner = $1`,
      perSecond: 40_000,
    });
    this.quotas.register('capabilities', {
      count: `${PARTS} capabilities c ON c.skill_id = s.id WHERE s.owner = $1`,
      perSecond: 40_000,
    });
  }

  /** Whether there is room for what each of these adds to an owner's Skills; what is there already adds nothing. */
  async admit(tx: Transaction, owner: string, bodies: readonly Body[]): Promise<(ApiError | undefined)[]> {
    const most = bodies.map((body) => demandsOf(owner, body.space_id, 1, body.endpoints.length, lengthOf(body)));
    return this.quotas.admit(tx, most, async () => growthOf(owner, bodies, await this.present(tx, bodies)));
  }

  /** The same of one. @throws QuotaExceededError (1009) */
  async assertRoom(tx: Transaction, owner: string, body: Body): Promise<void> {
    const [refusal] = await this.admit(tx, owner, [body]);
    if (refusal) throw refusal;
  }

  /** Of a Skill that is held, and gets other parts. @throws QuotaExceededError (1009) */
  async assertRoomFor(tx: Transaction, skill: LockedSkill, body: ReplaceSkillBody): Promise<void> {
    const space = body.space_id === skill.space_id ? undefined : body.space_id;
    const demands = demandsOf(skill.owner, space, 0, body.endpoints.length, lengthOf(body));
    const [refusal] = await this.quotas.admit(tx, [demands], async () => {
      const [present] = await this.present(tx, [skill]);
      const endpoints = body.endpoints.length - (present?.urls?.length ?? 0);
      return [demandsOf(skill.owner, space, 0, endpoints, lengthOf(body) - (present?.names?.length ?? 0))];
    });
    if (refusal) throw refusal;
  }

  private present(tx: Transaction, bodies: readonly { name: string; version: string }[]): Promise<Present[]> {
    return tx.query(PRESENT, [JSON.stringify(bodies.map(({ name, version }, place) => ({ place, name, version })))]);
  }
}

/** What each body adds; several of one Skill add its parts once. */
function growthOf(owner: string, bodies: readonly Body[], present: readonly Present[]): Demand[][] {
  const known = new Map<string, { isSkill: boolean; space: string | null; urls: Set<string>; names: Set<string> }>();
  return bodies.map((body, place) => {
    const key = keyOf(body);
    const there = present[place];
    // It is refused, for a better reason.
    if (there?.id != null && there.owner !== owner) return [];
    const before = known.get(key) ?? {
      ...{ isSkill: there?.id != null, space: there?.space_id ?? null },
      ...{ urls: new Set(there?.urls), names: new Set(there?.names) },
    };
    known.set(key, before);
    const space = body.space_id === before.space ? undefined : body.space_id;
    const endpoints = newIn(
      before.urls,
      body.endpoints.map(({ url }) => url),
    );
    const capabilities = newIn(
      before.names,
      (body.capabilities ?? []).map(({ name }) => name),
    );
    const demands = demandsOf(owner, space, before.isSkill ? 0 : 1, endpoints, capabilities);
    before.isSkill = true;
    before.space = body.space_id ?? before.space;
    return demands;
  });
}

/** How many of these are new, which they then are no longer. */
function newIn(known: Set<string>, names: readonly string[]): number {
  const before = known.size;
  for (const name of names) known.add(name);
  return known.size - before;
}

function demandsOf(
  owner: string,
  space: string | undefined,
  skills: number,
  endpoints: number,
  capabilities: number,
): Demand[] {
  return [
    { quota: 'skills', subject: owner, amount: skills },
    { quota: 'endpoints', subject: owner, amount: endpoints },
    { quota: 'capabilities', subject: owner, amount: capabilities },
    ...(space === undefined ? [] : [{ quota: 'space_skills', subject: space, amount: 1 } satisfies Demand]),
  ];
}

function lengthOf({ capabilities = [] }: Pick<Body, 'capabilities'>): number {
  return capabilities.length;
}
