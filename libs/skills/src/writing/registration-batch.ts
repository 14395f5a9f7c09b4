import { type ApiError, BadParameterError, ConflictError, newId } from '#common';
import type { NewSkill } from './new-skills.writer.js';
import { mergedBody } from './merged-body.js';
import { type CreateSkillBody, keyOf, MAX_PARTS, type RegisterSkillBody } from '../model/skill.dto.js';
import type { SkillLeases } from '../model/skill-observers.js';

export interface RegisteredSkill {
  id: string;
  generation: number;
  registered_at: Date;
  created: boolean;
  /** The Space of a Skill that was there already. */
  space_id?: string | null;
  /** Of the endpoints that the body names. */
  leases: SkillLeases;
}

/** Bodies of one name and version, in the order in which they came. */
export interface SkillBodies {
  /** That the Skill is to have if it is new. */
  id: string;
  name: string;
  version: string;
  bodies: RegisterSkillBody[];
  /** Where each body stands in the batch. */
  places: number[];
}

/** Bodies of one Skill, with what becomes of each. */
export interface Admission {
  asked: SkillBodies;
  /** Of those that the Skill, or its Space, has no room for. */
  faults: readonly (ApiError | undefined)[];
  /** All others as one; none: nothing is left to write. */
  write: NewSkill[];
}

/** What a batch cannot have. */
export interface Reserved {
  /** Ids of Skills that are there, with their `keyOf`. */
  ids: ReadonlyMap<string, string>;
  /** Names of other clients. */
  names: ReadonlySet<string>;
}
export const NOTHING_RESERVED: Reserved = { ids: new Map(), names: new Set() };

/**
 * Groups a batch by Skill. Leaves out bodies with a reserved name, and bodies that ask for the id of another Skill: one
 * that is there, or one that asks for the id earlier in the batch.
 */
export function bySkill(bodies: readonly RegisterSkillBody[], reserved: Reserved): SkillBodies[] {
  const skills = new Map<string, SkillBodies>();
  const claims = new Map(reserved.ids);
  for (const [place, body] of bodies.entries()) {
    const { skill_id: id, name, version } = body;
    const key = keyOf(body);
    if (reserved.names.has(name)) continue;
    if (id !== undefined && (claims.get(id) ?? key) !== key) continue;
    const known = skills.get(key);
    if (known) {
      known.bodies.push(body);
      known.places.push(place);
    } else {
      skills.set(key, { id: id ?? newId(), name, version, bodies: [body], places: [place] });
      if (id !== undefined) claims.set(id, key);
    }
  }
  return [...skills.values()];
}

export type Refusals = ReadonlyMap<RegisterSkillBody, ApiError>;
const NONE: Refusals = new Map();

/** What a Skill that has these parts takes of its bodies, of which some are refused already. */
export function admit(asked: SkillBodies, held: HeldParts, refusals = NONE): Admission {
  const allowed = asked.bodies.filter((body) => !refusals.has(body));
  const room = roomFor(allowed, held).values();
  const faults = asked.bodies.map((body) => refusals.get(body) ?? room.next().value);
  const body = mergedBody(asked.bodies.filter((_, index) => faults[index] === undefined));
  return { asked, faults, write: body ? [{ id: asked.id, body }] : [] };
}

/** One result for each body of the batch; the first that creates a Skill is the one that has created it. */
export function resultsOf(
  count: number,
  outcomes: Iterable<readonly [Admission, RegisteredSkill | undefined]>,
): (RegisteredSkill | ApiError)[] {
  const results = Array.from({ length: count }, (): RegisteredSkill | ApiError => new ConflictError());
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
export type HeldParts = Record<Part, { count: number; names: ReadonlySet<string> }>;

const NO_PART = { count: 0, names: new Set<string>() };
/** Of a Skill that is new. */
export const NO_PARTS: HeldParts = { endpoints: NO_PART, capabilities: NO_PART, metadata: NO_PART };

/** Urls of endpoints, names of capabilities and keys of metadata in a body. */
export function partNamesOf(body: CreateSkillBody): Record<Part, string[]> {
  return {
    endpoints: body.endpoints.map(({ url }) => url),
    capabilities: (body.capabilities ?? []).map(({ name }) => name),
    metadata: Object.keys(body.metadata ?? {}),
  };
}

/**
 * Which bodies a Skill has room for when they are merged into it one after the other: for each, undefined or the fault
 * of it (1001). A body that has no room takes none from those that follow. A part counts as new when `held` does not name it.
 */
export function roomFor(bodies: readonly CreateSkillBody[], held: HeldParts): (BadParameterError | undefined)[] {
  const added: Record<Part, Set<string>> = { endpoints: new Set(), capabilities: new Set(), metadata: new Set() };
  return bodies.map((body) => {
    const names = partNamesOf(body);
    const fresh = (part: Part): string[] =>
      names[part].filter((name) => !added[part].has(name) && !held[part].names.has(name));
    const overfull = PARTS.find((part) => held[part].count + added[part].size + fresh(part).length > MAX_PARTS);
    if (overfull) {
      return new BadParameterError([{ field: overfull, reason: `a Skill may have at most ${MAX_PARTS} in all` }]);
    }
    for (const part of PARTS) for (const name of fresh(part)) added[part].add(name);
    return undefined;
  });
}
