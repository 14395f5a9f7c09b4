export { CatalogueChanges, HotAnswers, type ReadyAnswer } from './catalogue/index.js';
export {
  CapabilityEntity,
  type CapabilityStatus,
  PARAMETER_TYPES,
  type ParameterType,
} from './model/capability.entity.js';
export { type ChangedEndpoint, EndpointHealthWriter, type ReportedHealth } from './writing/endpoint-health.writer.js';
export { PROBE_RESULTS, type ProbeResult } from './model/endpoint-probe.entity.js';
export {
  type Deprecated,
  type Deprecation,
  DEPRECATED_SCHEMAS,
  deprecationHeaders,
  shownDeprecated,
} from './model/deprecation.js';
export { EndpointTransitions } from './writing/endpoint-transitions.js';
export { listUnreadable, READ_PARAMETERS, readParameter } from './model/endpoint-parameters.js';
export type { StatusRange } from './model/status-list.js';
export { appendQuery, QUERY_PREFIX, urlBelow } from './model/endpoint-url.js';
export {
  ENDPOINT_STATUSES,
  EndpointEntity,
  type EndpointProtocol,
  type EndpointStatus,
  type Health,
  HEALTHS,
} from './model/endpoint.entity.js';
export { LeaseResponse, LeaseTerms } from './model/lease-terms.js';
export { CapabilityIdProperty, SkillIdProperty, SkillUuidProperty } from './model/id-properties.decorators.js';
export { GivenSkillIdParam, SkillIdParam } from './model/skill.dto.js';
export { SKILL_ENTITIES } from './model/skill.entities.js';
export { SKILL_STATUSES, SkillEntity, type SkillStatus } from './model/skill.entity.js';
export { EndpointUrlField } from './model/skill-fields.decorators.js';
export { type SkillCompanion, SkillCompanions } from './model/skill-companions.js';
export { type EndpointLease, type SkillLeases, type SkillObserver, SkillObservers } from './model/skill-observers.js';
export { type Rotation, rotateSecrets, createSecretBox, SkillSecrets, SecretUnreadableError } from './secrets/index.js';
export { IS_RELEASE, versionCondition } from './reading/skill-filter.sql.js';
export { isVersionRange, LATEST } from './model/version-range.js';
export { isCapability, orderCapabilities, toCapabilityKey } from './reading/capability-key.sql.js';
export { CAPABILITY_JSON } from './reading/skill-sql.js';
export { SkillsModule } from './skills.module.js';
export { hasRules, type NestedDeclaration, toInputSchema } from './schemas/index.js';
export { type NamedPart, NearNames } from './reading/near-names.js';
export { inSpaces } from './reading/spaces.js';
export {
  continueAbove,
  exportedNames,
  exportedSkills,
  highestGeneration,
  type NameImporter,
  NameLine,
  type SkillImporter,
  createSkillImporters,
  SkillLine,
} from './transfer/index.js';
