import { skillBody } from '../../support/skill.factory.js';
import type { RegisterSkillBody } from '../../../libs/skills/src/model/skill.dto.js';

/** The number of a deletion: later than every change. */
export const GONE = Number.MAX_SAFE_INTEGER;

const ENDPOINTS = [1, 2, 3];
const CAPABILITIES = ['one', 'two', 'three', 'four'];

/** The parts of a Skill that both the API and the tables show. */
export interface Shown {
  description: string;
  endpoints: { url: string }[];
  capabilities: { description: string; parameters: object }[];
  metadata: Record<string, string>;
}

/** A Skill with the number of the change in all its parts, in five tables. */
export function stampedSkill(name: string, change: number): RegisterSkillBody {
  const stamp = String(change);
  return skillBody({
    name,
    description: stamp,
    endpoints: ENDPOINTS.map((number) => ({
      url: `http://localhost:9/${name}/${number}?change=${stamp}`,
      protocol: 'http' as const,
      weight: 1,
    })),
    capabilities: CAPABILITIES.map((capability) => ({
      name: capability,
      description: stamp,
      category: 'history',
      version: '1.0.0',
      parameters: { city: { type: 'string' as const, required: true, description: stamp } },
    })),
    metadata: { change: stamp },
  });
}

/** Returns the change that the Skill shows; undefined if its parts are of different changes, or some are missing. */
export function changeOf({ description, endpoints, capabilities, metadata }: Shown): number | undefined {
  const isWhole =
    endpoints.length === ENDPOINTS.length &&
    capabilities.length === CAPABILITIES.length &&
    endpoints.every(({ url }) => url.endsWith(`?change=${description}`)) &&
    capabilities.every(
      ({ description: part, parameters }) =>
        part === description && JSON.stringify(parameters).includes(`"description":"${description}"`),
    ) &&
    metadata.change === description;
  return isWhole ? Number(description) : undefined;
}
