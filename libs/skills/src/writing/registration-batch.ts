import { type ApiError, ConflictError, newId } from '#common';
import type { NewSkill } from './new-skills.writer.js';
import { mergedBody } from './merged-body.js';
import type { RegisterSkillBody } from '../model/skill.dto.js';
import { keyOf } from '../model/skill-key.js';
import { type HeldParts, roomFor } from '../model/skill-limits.js';
import type { RegisteredSkill } from './skill-writer.js';

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
