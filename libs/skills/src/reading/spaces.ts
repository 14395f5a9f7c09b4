import type { Caller } from '#auth';
import type { SkillFilter } from './skill.query.js';

/** A filter with the Spaces to search. Undefined: all Skills, also those in no Space. */
export type SpacedFilter = SkillFilter & { spaces?: readonly string[] | undefined };

/** The Spaces that a list searches: those of the caller, or the one it asks for. Empty: the list finds nothing. */
export function selectSpaces(caller: Caller, asked: string | undefined): readonly string[] | undefined {
  if (asked === undefined) return caller.spaces;
  return caller.maySee(asked) ? [asked] : [];
}

/** The body with the Space of its Skill. @throws PermissionError (1003) */
export function inSpace<T extends { space_id?: string | undefined }>(caller: Caller, body: T): T {
  const space_id = caller.spaceFor(body.space_id);
  return space_id === body.space_id ? body : { ...body, space_id };
}

/** SQL: the column has one of these Spaces. `bind` returns the placeholder of a value. */
export function inSpaces(column: string, spaces: readonly string[], bind: (value: unknown) => string): string {
  // With one Space, the index also gives the order.
  const [only] = spaces;
  return spaces.length === 1 ? `${column} = ${bind(only)}` : `${column} = ANY(${bind(spaces)}::text[])`;
}
