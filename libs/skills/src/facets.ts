import { hash } from 'node:crypto';
import { plainOf } from './secrets/index.js';
import { schemeOf } from './skill-fields.decorators.js';
import type { CreateSkillBody } from './skill.dto.js';

/** What of a Skill can be filtered by. */
export interface Facetable {
  capabilities: readonly { name: string; category: string | null; status: string }[];
  /** Of active endpoints that are not unhealthy. */
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

/** Facets of capabilities: the same few names are registered and asked for again and again. */
const known = new Map<string, string>();
const MAX_KNOWN = 10_000;

export function protocolFacet(protocol: string): string {
  return facet('protocol', protocol);
}

export function metadataFacet(key: string, value: string): string {
  return facet('metadata', key, value);
}

/** A capability by name, by category or by both, which must hold for one and the same; enabled ones have more facets. */
export function capabilityFacet(name: string | undefined, category: string | undefined, enabledOnly: boolean): string {
  const key = `${enabledOnly ? 'e' : 'c'}${name === undefined ? '' : `n${name}`}\u0000${category === undefined ? '' : `c${category}`}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = facet(enabledOnly ? 'enabled' : 'capability', name ?? null, category ?? null);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, made);
  return made;
}

/** Every facet that a filter can ask for and this Skill has, in one order whatever the order of its parts. */
function facetsOf({ capabilities, protocols, metadata }: Facetable): string[] {
  const facets = new Set<string>();
  for (const { name, category, status } of capabilities) {
    for (const enabledOnly of status === 'enabled' ? [false, true] : [false]) {
      facets.add(capabilityFacet(name, undefined, enabledOnly));
      if (category === null) continue;
      facets.add(capabilityFacet(undefined, category, enabledOnly));
      facets.add(capabilityFacet(name, category, enabledOnly));
    }
  }
  for (const protocol of protocols) facets.add(protocolFacet(protocol));
  for (const [key, value] of Object.entries(metadata)) facets.add(metadataFacet(key, value));
  return [...facets].sort();
}

/** What lists and discovery look at in `skills` itself. */
export interface SkillIndex {
  facets: string[];
  /** Whether it has an active endpoint that is not unhealthy. */
  callable: boolean;
  has_active: boolean;
  has_live: boolean;
}

export function indexOf(skill: Facetable): SkillIndex {
  const { protocols, has_active, has_live } = skill;
  return { facets: facetsOf(skill), callable: protocols.length > 0, has_active, has_live };
}

/** The index of a Skill that has what the body says and nothing else; new endpoints are healthy. */
export function indexOfBody({ endpoints, capabilities = [], metadata = {} }: CreateSkillBody): SkillIndex {
  const active = endpoints.filter(({ status = 'active' }) => status === 'active');
  return indexOf({
    capabilities: capabilities.map(({ name, category = null, status = 'enabled' }) => ({ name, category, status })),
    protocols: active.map(({ url }) => schemeOf(url)),
    has_active: active.length > 0,
    has_live: true,
    metadata: plainOf(metadata),
  });
}
