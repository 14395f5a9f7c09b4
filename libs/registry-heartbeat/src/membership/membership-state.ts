/**
 * - `off`: there is no upstream registry.
 * - `standby`: another replica is the member, or none yet.
 * - `connecting`: the upstream registry has not answered yet.
 * - `registered`: it has registered this service and accepts its heartbeats.
 * - `unreachable`: it is unavailable, or its answers are invalid.
 * - `rejected`: the name of this service belongs to another client there.
 * - `circular`: it is this service itself; no further request is sent.
 */
export type MembershipState = 'off' | 'standby' | 'connecting' | 'registered' | 'unreachable' | 'rejected' | 'circular';

/** The name and version belong to another client of the upstream registry. */
export class NameTakenError extends Error {}

/** The upstream registry is this service. */
export class CircularMembershipError extends Error {
  /** @param skillId the id of the registration that arrived here */
  constructor(readonly skillId: string) {
    super('this service is its own upstream registry');
  }
}
