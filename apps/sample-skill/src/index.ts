export { type Credentials, RegistryRefusal } from './registry-client.js';
export { type SampleSkill, type SampleSkillOptions, startSampleSkill } from './sample-skill.js';
