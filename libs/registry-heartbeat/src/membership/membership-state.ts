/**
 * - `off`: there is no upstream registry.
 * - `standby`: another replica is the member, or none yet.
 * - `connecting`: nothing is known of the upstream registry yet.
 * - `registered`: it knows this service, and takes its heartbeats.
 * - `unreachable`: it is away, or answers as it should not.
 * - `rejected`: our name belongs to another client there.
 * - `circular`: it is this very service; nothing is sent any more.
 */
export type MembershipState = 'off' | 'standby' | 'connecting' | 'registered' | 'unreachable' | 'rejected' | 'circular';

/** The name and version belong to another client of the upstream registry. */
export class NameTakenError extends Error {}

/** The upstream registry is this service. */
export class CircularMembershipError extends Error {
  /** @param skillId the registration that shows it */
  constructor(readonly skillId: string) {
    super('this service is its own upstream registry');
  }
}
