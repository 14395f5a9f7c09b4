import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { CheckedBy, joinedReasons, nameFault, toNfc } from '#common';
import { Transform } from 'class-transformer';
import { ValidateIf } from 'class-validator';

/** Tags that one Skill may have. */
export const MAX_TAGS = 32;
export const TAG_MAX = 64;
/** Control characters, and the comma, which separates the tags of a filter. */
const REFUSED = String.raw`,\u0000-\u001f\u007f`;
/** For the OpenAPI document; invisible characters would make it unreadable. */
const TAG_PATTERN = String.raw`^[^\s${REFUSED}]([^${REFUSED}]*[^\s${REFUSED}])?$`;

export const TAGS_SCHEMA = {
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: TAG_MAX, pattern: TAG_PATTERN },
  maxItems: MAX_TAGS,
  uniqueItems: true,
} as const;

/** Why a text is no tag, or undefined. Tags are names without commas. */
export function tagFault(tag: unknown): string | undefined {
  return nameFault(tag, TAG_MAX) ?? ((tag as string).includes(',') ? 'must not contain a comma' : undefined);
}

function* tagReasons(tags: readonly unknown[]): Generator<string> {
  for (const [index, tag] of tags.entries()) {
    const fault = tagFault(tag);
    if (fault !== undefined) yield `tag ${index} ${fault}`;
  }
}

function tagsFault(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be an array';
  if (value.length > MAX_TAGS) return `must have at most ${MAX_TAGS} items`;
  if (new Set(value).size < value.length) return 'must not repeat an item';
  return joinedReasons(tagReasons(value));
}

/** The tags of a Skill, in their order. */
export function TagsField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      required: false,
      ...TAGS_SCHEMA,
      example: ['weather', 'eu'],
      description: 'In the order that you send',
    }),
    Transform(({ value }: { value: unknown }) => (Array.isArray(value) ? value.map(toNfc) : value)),
    ValidateIf((_, value) => value !== undefined),
    CheckedBy('tags', tagsFault),
  );
}
