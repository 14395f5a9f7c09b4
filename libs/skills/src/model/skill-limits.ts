import { BadParameterError } from '#common';
import type { CreateSkillBody } from './skill.dto.js';

/** Endpoints, capabilities and keys of metadata that one Skill may have, each; in one body, and after any merge. */
export const MAX_PARTS = 500;

const PARTS = ['endpoints', 'capabilities', 'metadata'] as const;
export type Part = (typeof PARTS)[number];

/** How many parts a Skill has, and names of some of them. */
export type HeldParts = Record<Part, { count: number; names: ReadonlySet<string> }>;

const NONE = { count: 0, names: new Set<string>() };
/** Of a Skill that is new. */
export const NO_PARTS: HeldParts = { endpoints: NONE, capabilities: NONE, metadata: NONE };

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
