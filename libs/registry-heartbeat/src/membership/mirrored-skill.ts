import { createHash } from 'node:crypto';
import { type LocalSkill, REGISTRY_KEY } from './local-skills.repository.js';

/** A Skill in the form that is registered upstream. */
export interface MirroredSkill {
  /** The JSON text to send. */
  body: string;
  /** SHA-256 of the body. */
  fingerprint: string;
  /** Names of the parts of the Skill, to find out later which ones it has lost. */
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
  return { body, fingerprint: createHash('sha256').update(body).digest('base64'), parts: listParts(skill) };
}

/** Lists the parts that registering again does not remove, because it merges (docs/adr/0007). */
function listParts({ name, version, description, endpoints, capabilities, metadata }: LocalSkill): string[] {
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
