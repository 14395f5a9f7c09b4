export { HotAnswers, type ReadyAnswer } from './catalogue/index.js';
export { CapabilityEntity, type CapabilityStatus, PARAMETER_TYPES, type ParameterType } from './capability.entity.js';
export { type ChangedEndpoint, EndpointHealthWriter, type ReportedHealth } from './endpoint-health.writer.js';
export { PROBE_RESULTS, type ProbeResult } from './endpoint-probe.entity.js';
export { EndpointTransitions } from './endpoint-transitions.js';
export { urlBelow } from './endpoint-url.js';
export { ENDPOINT_STATUSES, EndpointEntity, type EndpointProtocol, type EndpointStatus } from './endpoint.entity.js';
export { type Health, HEALTHS } from './health.js';
export { LeaseResponse, LeaseTerms } from './lease-terms.js';
export { SKILL_CACHE } from './skill.cache.js';
export { SkillIdParam } from './skill.dto.js';
export { SKILL_ENTITIES } from './skill.entities.js';
export { SKILL_STATUSES, SkillEntity, type SkillStatus } from './skill.entity.js';
export { EndpointUrlField } from './skill-fields.decorators.js';
export { type EndpointLease, type SkillLeases, type SkillObserver, SkillObservers } from './skill-observers.js';
export { type Rotation, rotateSecrets, secretBoxOf, SkillSecrets, SecretUnreadableError } from './secrets/index.js';
export { versionCondition } from './skill-filter.sql.js';
export { Conditions } from './skill-sql.js';
export { SkillsModule } from './skills.module.js';
export { inSpaces } from './spaces.js';
export {
  continueAbove,
  exportedNames,
  exportedSkills,
  highestGeneration,
  type NameImporter,
  NameLine,
  type SkillImporter,
  skillImportersOf,
  SkillLine,
} from './transfer/index.js';
