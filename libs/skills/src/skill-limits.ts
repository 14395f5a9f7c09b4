/** Endpoints, capabilities and keys of metadata that one Skill may have, each; in one body, and after any merge. */
export const MAX_PARTS = 500;

/** A merge would give Skills more parts than one may have; `names` as `keyOf` writes name and version. */
export class SkillLimitError extends Error {
  constructor(
    readonly names: readonly string[],
    readonly part: string,
  ) {
    super(`a Skill may have at most ${MAX_PARTS} ${part}`);
    this.name = 'SkillLimitError';
  }
}
