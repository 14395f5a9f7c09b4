export { exportedNames } from './exported-names.js';
export { exportedSkills, highestGeneration } from './exported-skills.js';
export { NameImporter } from './name.importer.js';
export { NameLine } from './name.line.js';
export { continueAbove } from './new-generations.js';
export type { ImportedSkill, SkillImporter } from './skill.importer.js';
export { type SkillImporters, createSkillImporters } from './skill-importers.js';
export { SkillLine } from './skill.line.js';
