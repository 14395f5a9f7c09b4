export { exportedSkills, highestGeneration } from './exported-skills.js';
export { continueAbove } from './new-generations.js';
export { type ImportedSkill, SkillImporter } from './skill.importer.js';
export { skillImporterOf } from './skill-importer-of.js';
export { SkillLine } from './skill.line.js';
