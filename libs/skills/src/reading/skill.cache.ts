import { defineCacheKey } from '#cache';
import type { TaggedSkill } from './skills.repository.js';

/**
 * One Skill by its id. Nothing is kept under it any more, every change invalidates it all the same: that is how the catalogue and
 * others learn of changes, and replicas of an older release, which do keep Skills here, in a rolling update.
 */
export const SKILL_CACHE = defineCacheKey<TaggedSkill>('skill-in-space', 30);
