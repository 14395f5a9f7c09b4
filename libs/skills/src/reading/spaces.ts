import type { Caller } from '#auth';
import type { SkillFilter } from './skill.query.js';

/** A filter, with the Spaces that are looked into; undefined: everywhere, and where there is no Space. */
export type SpacedFilter = SkillFilter & { spaces?: readonly string[] | undefined };

/** The Spaces that a list looks into: those of the caller, and the one asked for. Empty: nothing is found. */
export function spacesOf(caller: Caller, asked: string | undefined): readonly string[] | undefined {
  if (asked === undefined) return caller.spaces;
  return caller.maySee(asked) ? [asked] : [];
}

/** A body with the Space that its Skill goes to. @throws PermissionError (1003) */
export function placed<T extends { space_id?: string | undefined }>(caller: Caller, body: T): T {
  const space_id = caller.spaceFor(body.space_id);
  return space_id === body.space_id ? body : { ...body, space_id };
}

/** The condition that a column names one of these Spaces; `bind` makes a placeholder of a value. */
export function inSpaces(column: string, spaces: readonly string[], bind: (value: unknown) => string): string {
  // Of one Space, the index also gives the order.
  const [only] = spaces;
  return spaces.length === 1 ? `${column} = ${bind(only)}` : `${column} = ANY(${bind(spaces)}::text[])`;
}
