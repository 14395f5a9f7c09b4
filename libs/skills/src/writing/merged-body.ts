import { isParameterized } from './capabilities.writer.js';
import { isMask, type ScalarValue, type SecretMap } from '../secrets/index.js';
import type { CapabilityBody } from '../model/capability.dto.js';
import type { EndpointBody } from '../model/endpoint.dto.js';
import type { CreateSkillBody, RegisterSkillBody } from '../model/skill.dto.js';

/**
 * Merges bodies of one name and version. The result has the effect of registering them one after the other
 * (docs/adr/0007): endpoints merge by url, capabilities by name, metadata by key. The time is linear in their size.
 */
export function mergedBody(bodies: readonly RegisterSkillBody[]): RegisterSkillBody | undefined {
  const [first, ...later] = bodies;
  if (!first || later.length === 0) return first;
  const merged = { ...first };
  const endpoints = new Map<string, EndpointBody>();
  const capabilities = new Map<string, CapabilityBody>();
  const metadata: Entries<string> = new Map();
  for (const body of bodies) {
    if (body.description) merged.description = body.description;
    if (body.deprecated !== undefined) merged.deprecated = body.deprecated;
    if (body.space_id !== undefined) merged.space_id = body.space_id;
    if (body.tags !== undefined) merged.tags = body.tags;
    for (const endpoint of body.endpoints) {
      endpoints.set(endpoint.url, mergedEndpoint(endpoints.get(endpoint.url), endpoint));
    }
    for (const capability of body.capabilities ?? []) {
      capabilities.set(capability.name, mergedCapability(capabilities.get(capability.name), capability));
    }
    put(metadata, body.metadata ?? {});
  }
  return {
    ...merged,
    endpoints: [...endpoints.values()],
    capabilities: [...capabilities.values()],
    metadata: Object.fromEntries(metadata),
  };
}

/** Gives endpoints that state no health the one that the body states for the Skill. */
export function stateHealth<T extends CreateSkillBody>(body: T): T {
  const { health, endpoints } = body;
  if (health === undefined) return body;
  return { ...body, endpoints: endpoints.map((endpoint) => ({ ...endpoint, health: endpoint.health ?? health })) };
}

/** Removes undefined fields: a validated body has every field of its class. */
export function given<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}

type Entries<Value> = Map<string, SecretMap<Value>[string]>;

/** Parameters and their schema are two forms of one thing: a body that has either replaces both. */
function mergedCapability(before: CapabilityBody | undefined, capability: CapabilityBody): CapabilityBody {
  if (!before || !isParameterized(capability)) return { ...before, ...given(capability) };
  const { parameters: _parameters, input_schema: _schema, ...kept } = before;
  return { ...kept, ...given(capability) };
}

function mergedEndpoint(before: EndpointBody | undefined, endpoint: EndpointBody): EndpointBody {
  if (!before) return endpoint;
  const { parameters } = endpoint;
  const merged = { ...before, ...given(endpoint) };
  if (!before.parameters || !parameters) return merged;
  // Parameters are replaced as a whole.
  const kept = Object.entries(before.parameters).filter(([key]) => Object.hasOwn(parameters, key));
  return { ...merged, parameters: Object.fromEntries(put(new Map(kept), parameters)) };
}

/** Sets entries. A mask keeps the earlier value. */
function put<Value extends ScalarValue>(entries: Entries<Value>, map: SecretMap<Value>): Entries<Value> {
  for (const [key, value] of Object.entries(map)) {
    if (!isMask(value) || !entries.has(key)) entries.set(key, value);
  }
  return entries;
}
