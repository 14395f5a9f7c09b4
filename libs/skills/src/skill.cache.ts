import { defineCacheKey } from '#cache';
import type { TaggedSkill } from './skills.repository.js';

/** One Skill by its id. AI Bridge v0.6.0 allows metadata of a Skill to be at most 30 seconds old. */
export const SKILL_CACHE = defineCacheKey<TaggedSkill>('skill-in-space', 30);
