import { BadParameterError, isObject, validateBody } from '#common';
import { ReplaceSkillBody } from '../model/skill.dto.js';
import { mergePatch } from './merge-patch.js';

/** Instead of required fields that are not checked. */
const VALID = { name: 'x', version: '1.0.0', endpoints: [{ url: 'http://x' }] };

/**
 * What a PATCH makes of a Skill, valid as a whole. A field that the patch leaves as it is may break a rule that older releases
 * did not have. @throws BadParameterError (1001)
 */
export async function validatePatched(present: ReplaceSkillBody, patch: unknown): Promise<ReplaceSkillBody> {
  const merged = mergePatch(present, patch);
  try {
    return await validateBody(ReplaceSkillBody, merged);
  } catch (error) {
    if (!(error instanceof BadParameterError) || !isObject(patch)) throw error;
    const roots = error.details.map(({ field }) => field.split('.')[0] ?? '');
    const kept = Object.fromEntries(
      Object.entries(present).filter(([field]) => roots.includes(field) && !Object.hasOwn(patch, field)),
    );
    if (Object.keys(kept).length === 0) throw error;
    const unchecked = Object.fromEntries(Object.keys(kept).map((field) => [field, undefined]));
    const checked = await validateBody(ReplaceSkillBody, { ...(merged as object), ...unchecked, ...pick(VALID, kept) });
    return { ...checked, ...kept };
  }
}

/** The fields of an object that another one has, too. */
function pick(from: object, like: object): object {
  return Object.fromEntries(Object.entries(from).filter(([field]) => Object.hasOwn(like, field)));
}
