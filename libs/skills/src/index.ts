export { CapabilityEntity, CapabilityParamEntity } from './capability.entity.js';
export { EndpointEntity, EndpointParamEntity } from './endpoint.entity.js';
export { SkillEntity } from './skill.entity.js';
export { SkillEventEntity } from './skill-event.entity.js';
export { SkillMetadataEntity } from './skill-metadata.entity.js';
export { SkillSearchEntity } from './skill-search.entity.js';
export { SkillStatusEntity } from './skill-status.entity.js';
export { SkillsModule } from './skills.module.js';
