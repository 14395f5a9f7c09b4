import { canonicalUrl } from '#common';
import type { Demand, Growth } from '#quotas';
import { type CreateSkillBody, keyOf } from '../model/skill.dto.js';

export type GrowingBody = Pick<CreateSkillBody, 'name' | 'version' | 'endpoints' | 'capabilities' | 'space_id'>;

/** The Skill of a body, and the parts that it has already. Null: there is no such Skill. */
export interface PresentSkill {
  place: number;
  id: string | null;
  owner: string | null;
  space_id: string | null;
  /** Whether the name belongs to another client, and is not shared. */
  foreign: boolean;
  urls: string[] | null;
  names: string[] | null;
}

/** Numbers of Skills and their parts. */
export interface Amounts {
  skills: number;
  endpoints: number;
  capabilities: number;
}

/** The amounts that count for the owner, and for the Space of the Skill after the change. */
export function listDemands(
  owner: string,
  { skills, endpoints, capabilities }: Amounts,
  space: string | null | undefined,
  inSpace: Amounts,
): Demand[] {
  const demands: Demand[] = [
    { quota: 'skills', subject: owner, amount: skills },
    { quota: 'endpoints', subject: owner, amount: endpoints },
    { quota: 'capabilities', subject: owner, amount: capabilities },
  ];
  if (space == null) return demands;
  demands.push(
    { quota: 'space_skills', subject: space, amount: inSpace.skills },
    { quota: 'space_endpoints', subject: space, amount: inSpace.endpoints },
    { quota: 'space_capabilities', subject: space, amount: inSpace.capabilities },
  );
  return demands;
}

type Parts = Pick<GrowingBody, 'endpoints' | 'capabilities'>;

/** Counts the parts of a body. */
export function countParts({ endpoints, capabilities = [] }: Parts, skills: number): Amounts {
  return { skills, endpoints: endpoints.length, capabilities: capabilities.length };
}

/**
 * Computes what each body adds. Bodies of one Skill add each part once, unless they are refused. A Skill that moves to
 * another Space adds all its parts there.
 */
export function* computeGrowth(
  owner: string,
  bodies: readonly GrowingBody[],
  present: readonly PresentSkill[],
): Generator<Growth> {
  const known = new Map<string, { isSkill: boolean; space: string | null; urls: Set<string>; names: Set<string> }>();
  for (const [place, body] of bodies.entries()) {
    const there = present[place];
    // The write refuses it later, with a more exact error.
    if (there?.foreign === true || (there?.id != null && there.owner !== owner)) {
      yield { demands: [] };
      continue;
    }
    const key = keyOf(body);
    const before = known.get(key) ?? {
      isSkill: there?.id != null,
      space: there?.space_id ?? null,
      urls: new Set(there?.urls?.map(canonicalUrl)),
      names: new Set(there?.names),
    };
    const urls = newIn(
      before.urls,
      body.endpoints.map(({ url }) => canonicalUrl(url)),
    );
    const names = newIn(
      before.names,
      (body.capabilities ?? []).map(({ name }) => name),
    );
    const grown = { skills: before.isSkill ? 0 : 1, endpoints: urls.size, capabilities: names.size };
    const space = body.space_id ?? before.space;
    const all = { skills: 1, endpoints: before.urls.size + urls.size, capabilities: before.names.size + names.size };
    const taken = (): void => {
      for (const url of urls) before.urls.add(url);
      for (const name of names) before.names.add(name);
      known.set(key, { ...before, isSkill: true, space });
    };
    yield { demands: listDemands(owner, grown, space, space === before.space ? grown : all), taken };
  }
}

function newIn(known: ReadonlySet<string>, names: readonly string[]): Set<string> {
  return new Set(names.filter((name) => !known.has(name)));
}
