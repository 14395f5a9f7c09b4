import { isUuid } from '#common';

/** An id or a name of a capability, as the parameters `uuid` and `text` of the conditions below. */
export function toCapabilityKey(idOrName: string): [uuid: string | null, text: string] {
  return [isUuid(idOrName) ? idOrName : null, idOrName];
}

/** PostgreSQL writes a UUID in lower case, as external ids that are UUIDs are stored. */
const hasExternalId = (c: string, uuid: string, text: string): string =>
  `${c}.external_id = COALESCE(${uuid}::uuid::text, ${text})`;

/** SQL: whether `c` is the capability with this UUID, external id or name. */
export function isCapability(c: string, uuid: string, text: string): string {
  return `(${c}.id = ${uuid}::uuid OR ${hasExternalId(c, uuid, text)} OR ${c}.name = ${text})`;
}

/** SQL: the order of capabilities of one Skill that match. A UUID wins, then an external id: a name may look like an id. */
export function orderCapabilities(c: string, uuid: string, text: string): string {
  return `${c}.id = ${uuid}::uuid DESC NULLS LAST, ${hasExternalId(c, uuid, text)} DESC NULLS LAST`;
}
