import type { CapabilityResponse } from '../model/capability.response.js';
import type { SkillResponse } from '../model/skill.response.js';
import { toInputSchema, toParameters } from '../schemas/index.js';

/** Adds what a capability does not have itself: parameters from its schema, or the schema from its parameters. */
export function completeCapability(capability: CapabilityResponse): CapabilityResponse {
  const { parameters, input_schema } = capability;
  if (input_schema) return withParameters(capability);
  return Object.keys(parameters).length > 0 ? { ...capability, input_schema: toInputSchema(parameters) } : capability;
}

/** Adds parameters from the schema. */
export function withParameters(capability: CapabilityResponse): CapabilityResponse {
  const { parameters, input_schema } = capability;
  if (!input_schema || Object.keys(parameters).length > 0) return capability;
  return { ...capability, parameters: toParameters(input_schema) };
}

/** The Skill with complete capabilities. */
export function completeSkill(skill: SkillResponse): SkillResponse {
  return { ...skill, capabilities: skill.capabilities.map(completeCapability) };
}
