export { CapabilityEntity } from './capability.entity.js';
export { SKILL_ENTITIES } from './skill.entities.js';
export { SkillEntity } from './skill.entity.js';
export { SkillsModule } from './skills.module.js';
