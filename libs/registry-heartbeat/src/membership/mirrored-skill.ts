import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { JsonText, writeJson } from '#common';
import { shownDeprecated } from '#skills';
import { validate as isUuid } from 'uuid';
import { type LocalSkill, REGISTRY_KEY } from './local-skills.repository.js';

/** A Skill in the form that is registered upstream. */
export interface MirroredSkill {
  /** The JSON text to send. */
  body: string;
  /** The same for an upstream registry of an earlier release, which refuses fields that it does not know. */
  plainBody: string;
  /** SHA-256 of the body. */
  fingerprint: string;
  /** Names of the parts of the Skill, to find out later which ones it has lost. */
  parts: string[];
}

/** Optional members of a capability. */
const DESCRIPTIONS = ['input_schema', 'output_schema', 'examples'];

/** Members of a capability that are given by the registration, or differ in each registry. */
const OWN_MEMBERS = new Set(['id', 'skill_id']);

/**
 * The Skill keeps its UUID upstream. The id that its owner chose stays here, because such ids are unique in one registry only; those of
 * capabilities are unique in their Skill.
 */
export function mirroredSkill(skill: LocalSkill, publicUrl: string): MirroredSkill {
  const { id, name, version, description, endpoints, capabilities, metadata, tags, deprecation } = skill;
  const plain = {
    skill_id: id,
    name,
    version,
    description,
    endpoints: endpoints.map(({ url, weight, parameters }) => ({ url, weight, parameters })),
    capabilities: capabilities.map(({ category, text: _text, ...capability }) =>
      category === null ? capability : { ...capability, category },
    ),
    metadata: { ...metadata, [REGISTRY_KEY]: publicUrl },
  };
  const described = capabilities.map(({ text }) => registration(text));
  const body = writeJson({
    ...plain,
    capabilities: described,
    ...(tags.length > 0 && { tags }),
    ...(deprecation && { deprecated: shownDeprecated(deprecation) }),
  });
  return {
    body,
    plainBody: JSON.stringify(plain),
    fingerprint: createHash('sha256').update(body).digest('base64'),
    parts: listParts(skill, described),
  };
}

/** Whether the body says more than the plain one. */
export function isRicher({ body, plainBody }: MirroredSkill): boolean {
  return !isDeepStrictEqual(JSON.parse(body), JSON.parse(plainBody));
}

/** The members of a capability as an answer has them, each as it is written, without those that a registration does not take. */
function registration(text: string): object {
  const members = [...new JsonText(text).members()].filter(
    ([name, { value }]) => !OWN_MEMBERS.has(name) && value !== null && !(name === 'capability_id' && isUuid(value)),
  );
  return Object.fromEntries(members);
}

/** Lists the parts that registering again does not remove, because it merges (docs/adr/0007). */
function listParts(skill: LocalSkill, described: readonly object[]): string[] {
  const { name, version, description, endpoints, capabilities, metadata, tags, deprecation } = skill;
  return [
    `skill ${version} ${name}`,
    ...(description === '' ? [] : ['description']),
    ...endpoints.map(({ url }) => `endpoint ${url}`),
    ...capabilities.flatMap((capability, index) => [
      `capability ${capability.name}`,
      ...(capability.category === null ? [] : [`category ${capability.name}`]),
      ...DESCRIPTIONS.filter((member) => member in (described[index] ?? {})).map(
        (member) => `${member} ${capability.name}`,
      ),
    ]),
    ...Object.keys(metadata).map((key) => `metadata ${key}`),
    ...tags.map((tag) => `tag ${tag}`),
    ...(deprecation ? ['deprecation'] : []),
  ];
}
