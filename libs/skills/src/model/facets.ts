import { hash } from 'node:crypto';
import { ENDPOINT_PROTOCOLS } from './endpoint.entity.js';

/** The fields of a Skill that filters compare. */
export interface Facetable {
  capabilities: readonly { name: string; category: string | null; status: string }[];
  /** Protocols of the active endpoints that are not unhealthy. */
  protocols: readonly string[];
  /** Whether it has an active endpoint, whatever its health. */
  has_active: boolean;
  /** Whether it has an endpoint that is not unhealthy, whatever its status. */
  has_live: boolean;
  metadata: Readonly<Record<string, string>>;
}

/**
 * A facet is 64 bits of a SHA-256, as a decimal bigint: small enough to be scanned fast, and among ten million facets
 * two are the same with a chance of three in a million.
 */
function facet(...values: (string | null)[]): string {
  return hash('sha256', JSON.stringify(values), 'buffer').readBigInt64BE().toString();
}

/** Cache of the facets of a capability, because most registrations repeat the same few capabilities. */
const ofCapabilities = new Map<string, readonly string[]>();
const MAX_REMEMBERED = 10_000;
const ofProtocols = new Map(ENDPOINT_PROTOCOLS.map((protocol) => [protocol as string, facet('protocol', protocol)]));

export function protocolFacet(protocol: string): string {
  return ofProtocols.get(protocol) ?? facet('protocol', protocol);
}

export function metadataFacet(key: string, value: string): string {
  return facet('metadata', key, value);
}

/** The facet of a capability by name, by category, or by both. Enabled capabilities have a second set of facets. */
export function capabilityFacet(name: string | undefined, category: string | undefined, enabledOnly: boolean): string {
  return facet(enabledOnly ? 'enabled' : 'capability', name ?? null, category ?? null);
}

function facetsOfCapability({ name, category, status }: Facetable['capabilities'][number]): readonly string[] {
  // The length of the name keeps different pairs of name and category apart.
  const key = `${status}:${name.length}:${name}${category === null ? '' : `:${category}`}`;
  const found = ofCapabilities.get(key);
  if (found) return found;
  const made = (status === 'enabled' ? [false, true] : [false]).flatMap((enabledOnly) => [
    capabilityFacet(name, undefined, enabledOnly),
    ...(category === null
      ? []
      : [capabilityFacet(undefined, category, enabledOnly), capabilityFacet(name, category, enabledOnly)]),
  ]);
  if (ofCapabilities.size >= MAX_REMEMBERED) ofCapabilities.clear();
  ofCapabilities.set(key, made);
  return made;
}

/** All facets of a Skill. The order does not depend on the order of its parts. */
function buildFacets({ capabilities, protocols, metadata }: Facetable): string[] {
  const facets = new Set(protocols.map(protocolFacet));
  for (const capability of capabilities) for (const one of facetsOfCapability(capability)) facets.add(one);
  for (const [key, value] of Object.entries(metadata)) facets.add(metadataFacet(key, value));
  return [...facets].sort();
}

/** The columns of `skills` that lists and discovery filter by. */
export interface SkillIndex {
  facets: string[];
  /** Whether it has an active endpoint that is not unhealthy. */
  callable: boolean;
  has_active: boolean;
  has_live: boolean;
}

export function buildIndex(skill: Facetable): SkillIndex {
  const { protocols, has_active, has_live } = skill;
  return { facets: buildFacets(skill), callable: protocols.length > 0, has_active, has_live };
}
