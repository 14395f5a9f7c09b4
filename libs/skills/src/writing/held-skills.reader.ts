import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { ConflictError } from '#common';
import { columnsOf, prepared, RetryTransaction, rowsOfArrays, type Transaction } from '#database';
import { keyOf } from '../model/skill.dto.js';
import { isForeignName } from '../names/index.js';
import { type HeldParts, listPartNames, NO_PARTS, type Part, type SkillBodies } from './registration-batch.js';
import { useSpellings } from './url-spellings.js';

/** A locked Skill and its parts. */
export interface HeldSkill {
  id: string;
  space_id: string | null;
  parts: HeldParts & { capabilityIds: Map<string, string> };
  /** Whether leases of endpoints have ended. These endpoints make room for others and do not count in `parts`. */
  hasEnded: boolean;
}

interface HeldSkills {
  /** By `keyOf`. */
  held: Map<string, HeldSkill>;
  /** The bodies, with the spellings of URLs that the Skills have. */
  asked: readonly SkillBodies[];
  /** Ids of bodies that belong to other Skills. */
  taken: Set<string>;
}

interface HeldRow {
  id: string;
  name: string;
  version: string;
  space_id: string | null;
}

interface CapabilityIdRow {
  skill_id: string;
  id: string;
  name: string;
}

interface PartsRow {
  skill_id: string;
  part: Part;
  total: number;
  count: number;
  names: string[];
  /** Endpoints that bodies name, also those whose lease has ended. */
  known: number;
}

/** Whether another Skill has the id of a body, or a former Skill of another client holds it. $2: the client. */
const TAKEN_ID = `(EXISTS (SELECT FROM skills o WHERE o.id = x.id AND (o.name, o.version) IS DISTINCT FROM (x.name, x.version))
  OR EXISTS (SELECT FROM freed_skill_ids f WHERE f.skill_id = x.id AND f.owner <> $2::varchar AND f.held_until > now()))`;

const FOREIGN_NAME = isForeignName('x.name', '$2');

const ASKED = rowsOfArrays({ id: 'uuid', name: 'text', version: 'text' }, 3);

/**
 * Parameters: Spaces (null: all), client, ids, names and versions. Every statement locks Skills in the order of name and
 * version, so that batches do not deadlock. IS TRUE keeps PostgreSQL from reading all Skills of the owner. A transfer of a
 * name locks its Skills as well, so the name needs no lock.
 */
const LOCK = prepared(
  'renewals.lock',
  `SELECT s.id, s.name, s.version, s.space_id FROM skills s JOIN ${ASKED} USING (name, version)
   WHERE (s.owner = $2::varchar) IS TRUE AND ($1::text[] IS NULL OR s.space_id = ANY($1)) AND NOT ${TAKEN_ID} AND NOT ${FOREIGN_NAME}
   ORDER BY s.name, s.version FOR NO KEY UPDATE OF s`,
);

/** Skills that the client may not renew, and whether because of an id. Others that `LOCK` missed were deleted meanwhile. Parameters as for `LOCK`. */
const REFUSED = `SELECT x.id, ${TAKEN_ID} AS taken FROM ${ASKED} WHERE ${TAKEN_ID} OR ${FOREIGN_NAME}
  OR EXISTS (SELECT FROM skills s WHERE s.name = x.name AND s.version = x.version
    AND (s.owner <> $2::varchar OR ($1::text[] IS NOT NULL AND (s.space_id = ANY($1)) IS NOT TRUE)))`;

/** `total` counts endpoints whose lease has ended, `count` does not. `names` are those that bodies name. */
const IDS = `(SELECT id FROM ${rowsOfArrays({ id: 'uuid' })})`;
const PARTS = prepared(
  'renewals.parts',
  `WITH named AS (SELECT * FROM ${rowsOfArrays({ skill_id: 'uuid', part: 'text', name: 'text' }, 2)})
   SELECT e.skill_id, 'endpoints' AS part, count(*)::int AS total,
       count(*) FILTER (WHERE l.expired_at IS NULL)::int AS count,
       COALESCE(array_agg(e.url) FILTER (WHERE l.expired_at IS NULL
         AND (e.skill_id, e.url) IN (SELECT skill_id, name FROM named WHERE part = 'endpoints')), '{}') AS names,
       count(*) FILTER (WHERE (e.skill_id, e.url) IN (SELECT skill_id, name FROM named WHERE part = 'endpoints'))::int AS known
     FROM skill_endpoints e LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
     WHERE e.skill_id IN ${IDS} GROUP BY e.skill_id
   UNION ALL SELECT c.skill_id, 'capabilities', count(*)::int, count(*)::int, COALESCE(array_agg(c.name) FILTER (
       WHERE (c.skill_id, c.name) IN (SELECT skill_id, name FROM named WHERE part = 'capabilities')), '{}'), 0
     FROM capabilities c WHERE c.skill_id IN ${IDS} GROUP BY c.skill_id
   UNION ALL SELECT m.skill_id, 'metadata', count(*)::int, count(*)::int, COALESCE(array_agg(m.key) FILTER (
       WHERE (m.skill_id, m.key) IN (SELECT skill_id, name FROM named WHERE part = 'metadata')), '{}'), 0
     FROM skill_metadata m WHERE m.skill_id IN ${IDS} GROUP BY m.skill_id`,
);

const URLS = prepared(
  'renewals.urls',
  `SELECT skill_id, array_agg(url ORDER BY created_at, id) AS urls FROM skill_endpoints WHERE skill_id IN ${IDS} GROUP BY skill_id`,
);

/** Names of capabilities of the Skills $1 by those of the ids $2 that they have. */
const CAPABILITY_IDS = prepared(
  'renewals.capability-ids',
  `SELECT c.skill_id, x.id, c.name FROM capabilities c CROSS JOIN LATERAL (VALUES (c.external_id), (c.id::text)) AS x(id)
   WHERE c.skill_id = ANY($1::uuid[]) AND x.id = ANY($2::text[])`,
);

/** Locks Skills that are registered again, and reads what they have, within the caller's transaction. */
@Injectable()
export class HeldSkillsReader {
  /**
   * Locks those of the Skills that the client may renew, and reads their parts.
   * @throws RetryTransaction for a Skill that was unregistered meanwhile
   */
  async lock(tx: Transaction, caller: Caller, skills: readonly SkillBodies[]): Promise<HeldSkills> {
    const { held, taken } = await this.lockAll(tx, caller, skills);
    const asked = await this.countParts(tx, skills, held);
    await this.readCapabilityIds(tx, asked, held);
    return { held, asked, taken };
  }

  /** Returns the locked Skills without their parts. @throws RetryTransaction */
  private async lockAll(
    tx: Transaction,
    caller: Caller,
    skills: readonly SkillBodies[],
  ): Promise<Pick<HeldSkills, 'held' | 'taken'>> {
    const lock = <Row>(text: string, asked: readonly SkillBodies[]): Promise<Row[]> => {
      const keys = columnsOf(asked.map(({ id, name, version }) => [id, name, version]));
      return tx.query<Row[]>(text, [caller.spaces ?? null, caller.clientId, ...keys]);
    };
    const rows = await lock<HeldRow>(LOCK, skills);
    const held = new Map(
      rows.map((row): [string, HeldSkill] => [
        keyOf(row),
        { id: row.id, space_id: row.space_id, parts: { ...NO_PARTS, capabilityIds: new Map() }, hasEnded: false },
      ]),
    );
    const missing = skills.filter((skill) => !held.has(keyOf(skill)));
    const refused = missing.length > 0 ? await lock<{ id: string; taken: boolean }>(REFUSED, missing) : [];
    if (refused.length < missing.length) throw new RetryTransaction(new ConflictError());
    return { held, taken: new Set(refused.flatMap(({ id, taken }) => (taken ? id : []))) };
  }

  /** Counts the parts of the locked Skills. Returns the bodies with the spellings of URLs that the Skills have. */
  private async countParts(
    tx: Transaction,
    skills: readonly SkillBodies[],
    held: ReadonlyMap<string, HeldSkill>,
  ): Promise<readonly SkillBodies[]> {
    if (held.size === 0) return skills;
    const growing = await this.readParts(tx, skills, held);
    if (growing.length === 0) return skills;
    const rows = await tx.query<{ skill_id: string; urls: string[] }[]>(URLS, [growing]);
    const stored = new Map(rows.map(({ skill_id, urls }) => [skill_id, urls]));
    const spelled = skills.map((skill) => {
      const urls = stored.get(held.get(keyOf(skill))?.id ?? '');
      return urls ? { ...skill, bodies: useSpellings(skill.bodies, urls) } : skill;
    });
    const changed = spelled.filter(({ bodies }, index) =>
      bodies.some((body, place) => body !== skills[index]?.bodies[place]),
    );
    if (changed.length > 0) await this.readParts(tx, changed, held);
    return spelled;
  }

  /** Returns the ids of Skills without some of the URLs that bodies name. */
  private async readParts(
    tx: Transaction,
    skills: readonly SkillBodies[],
    held: ReadonlyMap<string, HeldSkill>,
  ): Promise<string[]> {
    const byId = new Map<string, HeldSkill>();
    const named: string[][] = [];
    const urls = new Map<string, Set<string>>();
    for (const asked of skills) {
      const skill = held.get(keyOf(asked));
      if (!skill) continue;
      byId.set(skill.id, skill);
      for (const body of asked.bodies) {
        const names = Object.entries(listPartNames(body));
        named.push(...names.flatMap(([part, some]) => some.map((name) => [skill.id, part, name])));
      }
      urls.set(skill.id, new Set(asked.bodies.flatMap(({ endpoints }) => endpoints.map(({ url }) => url))));
    }
    const growing: string[] = [];
    for (const row of await tx.query<PartsRow[]>(PARTS, [[...byId.keys()], ...columnsOf(named, 3)])) {
      const skill = byId.get(row.skill_id);
      if (!skill) continue;
      skill.parts[row.part] = { count: row.count, names: new Set(row.names) };
      skill.hasEnded ||= row.total > row.count;
      if (row.part === 'endpoints' && row.known < (urls.get(skill.id)?.size ?? 0)) growing.push(skill.id);
    }
    return growing;
  }

  /** Reads which capabilities have the ids that bodies name. */
  private async readCapabilityIds(
    tx: Transaction,
    skills: readonly SkillBodies[],
    held: ReadonlyMap<string, HeldSkill>,
  ): Promise<void> {
    const ids = skills.flatMap(({ bodies }) =>
      bodies.flatMap(({ capabilities = [] }) => capabilities.flatMap(({ capability_id }) => capability_id ?? [])),
    );
    if (ids.length === 0 || held.size === 0) return;
    const byId = new Map([...held.values()].map((skill) => [skill.id, skill]));
    for (const { skill_id, id, name } of await tx.query<CapabilityIdRow[]>(CAPABILITY_IDS, [[...byId.keys()], ids])) {
      byId.get(skill_id)?.parts.capabilityIds.set(id, name);
    }
  }
}
