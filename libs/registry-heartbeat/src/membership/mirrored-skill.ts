import { createHash } from 'node:crypto';
import { type LocalSkill, REGISTRY_KEY } from './local-skills.repository.js';

/** A Skill as it is registered upstream. */
export interface MirroredSkill {
  /** As JSON: what is sent. */
  body: string;
  /** The same for the same body. */
  fingerprint: string;
  /** What the Skill consists of. */
  parts: string[];
}

export function mirroredSkill(skill: LocalSkill, publicUrl: string): MirroredSkill {
  const { id, name, version, description, endpoints, capabilities, metadata } = skill;
  const body = JSON.stringify({
    skill_id: id,
    name,
    version,
    description,
    endpoints: endpoints.map(({ url, weight, parameters }) => ({ url, weight, parameters })),
    capabilities: capabilities.map(({ category, ...capability }) =>
      category === null ? capability : { ...capability, category },
    ),
    metadata: { ...metadata, [REGISTRY_KEY]: publicUrl },
  });
  return { body, fingerprint: createHash('sha256').update(body).digest('base64'), parts: partsOf(skill) };
}

/** Registering again merges (docs/adr/0007): what is listed here and then no more is not taken away by it. */
function partsOf({ name, version, description, endpoints, capabilities, metadata }: LocalSkill): string[] {
  return [
    `skill ${version} ${name}`,
    ...(description === '' ? [] : ['description']),
    ...endpoints.map(({ url }) => `endpoint ${url}`),
    ...capabilities.flatMap((capability) => [
      `capability ${capability.name}`,
      ...(capability.category === null ? [] : [`category ${capability.name}`]),
    ]),
    ...Object.keys(metadata).map((key) => `metadata ${key}`),
  ];
}
