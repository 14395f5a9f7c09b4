import { type ApiError, BadParameterError, ConflictError, type Fault, newId, toSkillUuid } from '#common';
import type { NewSkill } from './new-skills.writer.js';
import { mergedBody } from './merged-body.js';
import { useSpellings } from './url-spellings.js';
import { type CreateSkillBody, keyOf, MAX_PARTS, type RegisterSkillBody } from '../model/skill.dto.js';
import type { SkillLeases } from '../model/skill-observers.js';

export interface RegisteredSkill {
  id: string;
  external_id: string | null;
  generation: number;
  registered_at: Date;
  created: boolean;
  /** The Space of a Skill that was there already. */
  space_id?: string | null;
  /** Of the endpoints that the body names. */
  leases: SkillLeases;
  /** The name of another client that looks like the name of a new Skill. */
  alike?: string;
}

/** Bodies of one name and version, in the order of the batch. */
export interface SkillBodies {
  /** The id of the Skill if it is new. */
  id: string;
  name: string;
  version: string;
  bodies: RegisterSkillBody[];
  /** The place of each body in the batch. */
  places: number[];
}

/** The bodies of one Skill, and which of them are refused. */
export interface Admission {
  asked: SkillBodies;
  /** For each body: undefined, or why it is refused. */
  faults: readonly (ApiError | undefined)[];
  /** All other bodies merged into one, if there are any. */
  write: NewSkill[];
}

/** Ids and names that a batch may not use. */
export interface Reserved {
  /** Ids of known Skills, with their `keyOf`. */
  ids: ReadonlyMap<string, string>;
  /** Names of other clients. */
  names: ReadonlySet<string>;
}
export const NOTHING_RESERVED: Reserved = { ids: new Map(), names: new Set() };

/** 1006: the `skill_id` of a body belongs to another Skill, or did until lately. */
export class TakenIdError extends ConflictError {
  constructor() {
    super('skill_id belongs to another Skill', [{ field: 'skill_id', reason: 'belongs to another Skill' }]);
  }
}

/**
 * Groups a batch by Skill. Leaves out bodies with a reserved name, and bodies with the id of another Skill: a known one,
 * or one earlier in the batch: their places are in `taken`.
 */
export function bySkill(
  bodies: readonly RegisterSkillBody[],
  reserved: Reserved,
): { skills: SkillBodies[]; taken: number[] } {
  const taken: number[] = [];
  const skills = new Map<string, SkillBodies>();
  const claims = new Map(reserved.ids);
  for (const [place, body] of bodies.entries()) {
    const { skill_id, name, version } = body;
    const id = skill_id === undefined ? undefined : toSkillUuid(skill_id);
    const key = keyOf(body);
    if (reserved.names.has(name)) continue;
    if (id !== undefined && (claims.get(id) ?? key) !== key) {
      taken.push(place);
      continue;
    }
    const known = skills.get(key);
    if (known) {
      known.bodies.push(body);
      known.places.push(place);
    } else {
      skills.set(key, { id: id ?? newId(), name, version, bodies: [body], places: [place] });
      if (id !== undefined) claims.set(id, key);
    }
  }
  const grouped = [...skills.values()].map((skill) =>
    skill.bodies.length > 1 ? { ...skill, bodies: useSpellings(skill.bodies) } : skill,
  );
  return { skills: grouped, taken };
}

/** Refuses all bodies of a Skill. */
export function refuse(asked: SkillBodies, error: ApiError): Admission {
  return { asked, faults: asked.bodies.map(() => error), write: [] };
}

export type Refusals = ReadonlyMap<RegisterSkillBody, ApiError>;
const NONE: Refusals = new Map();

/** Finds the bodies for which a Skill with these parts has room. `refusals` are bodies that are refused already. */
export function admit(asked: SkillBodies, held: HeldParts, refusals = NONE): Admission {
  const allowed = asked.bodies.filter((body) => !refusals.has(body));
  const room = roomFor(allowed, held).values();
  const faults = asked.bodies.map((body) => refusals.get(body) ?? room.next().value);
  const body = mergedBody(asked.bodies.filter((_, index) => faults[index] === undefined));
  return { asked, faults, write: body ? [{ id: asked.id, body }] : [] };
}

/**
 * Returns one result for each body of the batch. The first body of a new Skill counts as the one that created it. `taken`:
 * the places of bodies with the id of another Skill.
 */
export function listResults(
  count: number,
  taken: readonly number[],
  outcomes: Iterable<readonly [Admission, RegisteredSkill | undefined]>,
): (RegisteredSkill | ApiError)[] {
  const results = Array.from({ length: count }, (): RegisteredSkill | ApiError => new ConflictError());
  for (const place of taken) results[place] = new TakenIdError();
  for (const [{ asked, faults }, skill] of outcomes) {
    let created = skill?.created;
    for (const [index, place] of asked.places.entries()) {
      const fault = faults[index];
      if (fault) results[place] = fault;
      else if (skill) {
        results[place] = { ...skill, created: created === true };
        created = false;
      }
    }
  }
  return results;
}

const PARTS = ['endpoints', 'capabilities', 'metadata'] as const;
export type Part = (typeof PARTS)[number];

/** How many parts a Skill has, and names of some of them. */
export interface HeldParts extends Record<Part, { count: number; names: ReadonlySet<string> }> {
  /** Names of capabilities by their ids, as far as bodies name these. */
  capabilityIds: ReadonlyMap<string, string>;
}

const NO_PART = { count: 0, names: new Set<string>() };
/** For a new Skill. */
export const NO_PARTS: HeldParts = {
  endpoints: NO_PART,
  capabilities: NO_PART,
  metadata: NO_PART,
  capabilityIds: new Map(),
};

/** Urls of endpoints, names of capabilities and keys of metadata in a body. */
export function listPartNames(body: CreateSkillBody): Record<Part, string[]> {
  return {
    endpoints: body.endpoints.map(({ url }) => url),
    capabilities: (body.capabilities ?? []).map(({ name }) => name),
    metadata: Object.keys(body.metadata ?? {}),
  };
}

/**
 * Checks the limit of parts and the ids of capabilities while bodies are merged into a Skill one after the other. Returns
 * undefined or an error (1001) for each. A refused body takes no room from later ones. A part that `held` does not name is
 * new.
 */
export function roomFor(bodies: readonly CreateSkillBody[], held: HeldParts): (BadParameterError | undefined)[] {
  const added: Record<Part, Set<string>> = { endpoints: new Set(), capabilities: new Set(), metadata: new Set() };
  const ids = new Map(held.capabilityIds);
  return bodies.map((body) => {
    const names = listPartNames(body);
    const fresh = (part: Part): string[] =>
      names[part].filter((name) => !added[part].has(name) && !held[part].names.has(name));
    const overfull = PARTS.find((part) => held[part].count + added[part].size + fresh(part).length > MAX_PARTS);
    if (overfull) {
      return new BadParameterError([{ field: overfull, reason: `a Skill may have at most ${MAX_PARTS} in all` }]);
    }
    const taken = findTakenIds(body, ids);
    if (taken.length > 0) return new BadParameterError(taken);
    for (const part of PARTS) for (const name of fresh(part)) added[part].add(name);
    for (const { capability_id, name } of body.capabilities ?? []) if (capability_id) ids.set(capability_id, name);
    return undefined;
  });
}

/** Ids that other capabilities of the Skill have. `ids`: names of capabilities by id. */
function findTakenIds({ capabilities = [] }: CreateSkillBody, ids: ReadonlyMap<string, string>): Fault[] {
  return capabilities.flatMap(({ capability_id, name }, index) => {
    const holder = capability_id === undefined ? undefined : ids.get(capability_id);
    if (holder === undefined || holder === name) return [];
    return [{ field: `capabilities.${index}.capability_id`, reason: 'belongs to another capability of this Skill' }];
  });
}
