import type { ReplaceSkillBody } from './skill.dto.js';
import type { SkillResponse } from './skill.response.js';

/** The fields of a Skill that its owner writes. */
export function toBody({
  name,
  description,
  version,
  status,
  space_id,
  deprecated,
  endpoints,
  capabilities,
  metadata,
  tags,
}: SkillResponse): ReplaceSkillBody {
  return {
    name,
    description,
    version,
    status,
    ...(space_id === null ? {} : { space_id }),
    ...(deprecated === false ? {} : { deprecated }),
    endpoints: endpoints.map(({ endpoint_id: _id, health: _health, ...endpoint }) => endpoint),
    capabilities: capabilities.map(({ capability_id, id, skill_id: _skill, category, ...capability }) => ({
      ...capability,
      ...(capability_id === id ? {} : { capability_id }),
      ...(category === null ? {} : { category }),
    })),
    metadata,
    tags,
  };
}
