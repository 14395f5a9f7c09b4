/** Endpoints that one Skill may have in all. */
export const MAX_ENDPOINTS = 500;

/** A merge would give Skills more endpoints than one may have; `names` as `keyOf` writes name and version. */
export class EndpointLimitError extends Error {
  constructor(readonly names: readonly string[]) {
    super(`a Skill may have at most ${MAX_ENDPOINTS} endpoints`);
    this.name = 'EndpointLimitError';
  }
}
