import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { CheckedBy, hasMoreKeys, joinedReasons, Repeatable, textFault, toNfc } from '#common';
import { Transform } from 'class-transformer';
import { ValidateIf } from 'class-validator';
import { MAX_TAGS, tagFault } from '../model/tags.js';

/** Conditions: keys with their operators, each with one value or several. */
const MAX_CONDITIONS = 10;
/** Values of all conditions together. */
const MAX_VALUES = 50;
const MAX_TAG_LISTS = 10;

/** `metadata.KEY=VALUE`, by key and operator (`region`, `region!`, `region~`): the query parser has made one object of them. */
export type MetadataFilter = Record<string, string | readonly string[]>;
/** Lists of tags. A Skill must have all tags of one of them. */
export type TagsFilter = readonly (readonly string[])[];

function metadataFault(filter: unknown): string | undefined {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    return 'must be written as metadata.KEY=VALUE';
  if (hasMoreKeys(filter, MAX_CONDITIONS)) return `must name at most ${MAX_CONDITIONS} keys`;
  const entries = Object.entries(filter).map(([key, value]): [string, unknown[]] => [key, [value].flat()]);
  if (entries.reduce((sum, [, values]) => sum + values.length, 0) > MAX_VALUES)
    return `must have at most ${MAX_VALUES} values`;
  return joinedReasons(
    entries.flatMap(([key, values]) => {
      const faults = [textFault(key.replace(/[!~]$/, ''), 1, 64), ...values.map((value) => textFault(value, 0, 512))];
      return faults.flatMap((fault) => fault ?? []);
    }),
  );
}

export function MetadataFilterField(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
    CheckedBy('metadataFilter', metadataFault),
  );
}

function tagsFault(lists: unknown): string | undefined {
  if (!Array.isArray(lists)) return 'must be tags, with commas between them';
  if (lists.length > MAX_TAG_LISTS) return `must be given at most ${MAX_TAG_LISTS} times`;
  if (!lists.every(Array.isArray)) return 'must be tags, with commas between them';
  if (lists.some((tags) => tags.length > MAX_TAGS)) return `must name at most ${MAX_TAGS} tags each time`;
  return joinedReasons(
    lists.flat().flatMap((tag) => {
      const fault = tagFault(tag);
      return fault === undefined ? [] : [`each tag ${fault}`];
    }),
  );
}

/** Leaves a list as it is if it is too long. */
function splitLists(value: unknown): unknown {
  if (value === undefined) return undefined;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length > MAX_TAG_LISTS) return texts;
  return texts.map((text) => (typeof text === 'string' ? text.split(',').map((tag) => toNfc(tag.trim())) : text));
}

export function TagsFilterField(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    Transform(({ obj, key }) => splitLists((obj as Record<string, unknown>)[key])),
    Repeatable(),
    CheckedBy('tagsFilter', tagsFault),
  );
}

/** Describes the filters by metadata, whose names are not fixed, and by tags. */
export function ApiPartFilters(): MethodDecorator {
  return applyDecorators(
    ApiQuery({
      name: 'metadata',
      required: false,
      description:
        'Conditions on the metadata of a Skill: metadata.KEY=VALUE (given several times: any of the values), metadata.KEY!=VALUE (none of them, also without the key), metadata.KEY~=ITEM (in a list with commas), metadata.KEY=* (has the key), metadata.KEY=!* (does not have it)',
      style: 'form',
      explode: true,
      schema: {
        type: 'object',
        patternProperties: { '^metadata\\..+$': { type: 'string', maxLength: 512 } },
        maxProperties: MAX_CONDITIONS,
      } as object,
      example: { 'metadata.region': 'eu' },
    }),
    ApiQuery({
      name: 'tags',
      required: false,
      description: 'Tags of a Skill, with commas between them: all of them. Given several times: any of these lists',
      style: 'form',
      explode: true,
      schema: { type: 'array', items: { type: 'string' }, maxItems: MAX_TAG_LISTS },
      example: ['weather,eu'],
    }),
  );
}
