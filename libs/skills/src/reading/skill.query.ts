import { applyDecorators } from '@nestjs/common';
import { IntersectionType } from '@nestjs/swagger';
import { EnumField, IdentifierField, PageQuery, SkillIdField, SkipQuery, TextField, toNfc } from '#common';
import { ValidateBy } from 'class-validator';
import { CAPABILITY_STATUSES, type CapabilityStatus } from '../model/capability.entity.js';
import { ENDPOINT_PROTOCOLS, type EndpointProtocol } from '../model/endpoint.entity.js';
import { searchTerms } from '../model/search-document.js';
import { SKILL_STATUSES, type SkillStatus } from '../model/skill.entity.js';
import {
  MetadataFilterField,
  type MetadataFilter,
  type TagsFilter,
  TagsFilterField,
} from './part-filters.decorators.js';
import { isVersionRange } from '../model/version-range.js';

export const SKILL_SORTS = [
  'created_at',
  '-created_at',
  'updated_at',
  '-updated_at',
  'name',
  '-name',
  'version',
  '-version',
] as const;
export type SkillSort = (typeof SKILL_SORTS)[number];

const INCLUDES = ['unhealthy'] as const;
type Include = (typeof INCLUDES)[number];

function SearchTextField(): PropertyDecorator {
  return applyDecorators(
    TextField({
      max: 128,
      required: false,
      example: 'weather fore',
      description:
        'Free text over name, description and capabilities, best match first; words match from their beginning',
    }),
    ValidateBy({
      name: 'hasTerms',
      validator: {
        validate: (value) => typeof value !== 'string' || searchTerms(value).length > 0,
        defaultMessage: () => 'must hold a letter or a digit',
      },
    }),
  );
}

function VersionRangeField(): PropertyDecorator {
  return applyDecorators(
    TextField({
      max: 64,
      required: false,
      example: '^1.0',
      description:
        'A version, a range as npm writes it, or latest: the highest version of each name that passes the other filters, a deprecated one only if there is no other',
    }),
    ValidateBy({
      name: 'versionRange',
      validator: {
        validate: (value) => typeof value !== 'string' || isVersionRange(value),
        defaultMessage: () => 'must be a version, a semver range or latest, such as 1.0.0 or ^1.2',
      },
    }),
  );
}

function DeprecatedFilterField(description: string): PropertyDecorator {
  return EnumField(['true', 'false'], { name: 'DeprecatedFilter', required: false, description });
}

/** What lists of Skills can be narrowed by; all that is given must hold. */
export class SkillFilter {
  @TextField({ max: 255, required: false, example: 'weather.forecast', description: 'Name of a capability' })
  capability?: string;

  @TextField({ max: 64, required: false, example: 'weather', description: 'Category of a capability' })
  category?: string;

  @EnumField(SKILL_STATUSES, {
    name: 'SkillStatus',
    required: false,
    description: 'Of the Skill; discovery finds active ones when absent',
  })
  status?: SkillStatus;

  @EnumField(ENDPOINT_PROTOCOLS, { name: 'EndpointProtocol', required: false, description: 'Of an active endpoint' })
  protocol?: EndpointProtocol;

  @TextField({ max: 255, required: false, example: 'weather', description: 'Exact name' })
  name?: string;

  @SearchTextField()
  q?: string;

  @VersionRangeField()
  version?: string;

  @MetadataFilterField()
  metadata?: MetadataFilter;

  @TagsFilterField()
  tags?: TagsFilter;

  @EnumField(INCLUDES, {
    name: 'Include',
    required: false,
    description: 'unhealthy: also endpoints that are unhealthy, and Skills that have no others',
  })
  include?: Include;

  @DeprecatedFilterField('Only deprecated Skills, or only others')
  deprecated?: 'true' | 'false';

  @IdentifierField({ required: false, description: 'Of this Space' })
  space_id?: string;

  @EnumField(SKILL_SORTS, {
    name: 'SkillSort',
    required: false,
    description: 'By creation when absent; with q by relevance',
  })
  sort?: SkillSort;
}

/** The filter with its names in NFC, as they are stored. */
export function inNfc<T extends Pick<SkillFilter, 'name' | 'capability' | 'category'>>(filter: T): T {
  return {
    ...filter,
    name: toNfc(filter.name),
    capability: toNfc(filter.capability),
    category: toNfc(filter.category),
  };
}

export class ListSkillsQuery extends IntersectionType(SkillFilter, SkipQuery) {}

export class DiscoverQuery extends IntersectionType(SkillFilter, PageQuery) {
  @EnumField(['true', 'false'], {
    name: 'Explain',
    required: false,
    description: 'true: also why Skills that nearly match were left out, and names that look like the requested one',
  })
  explain?: 'true' | 'false';
}

class CapabilityFilter {
  @TextField({ max: 255, required: false, example: 'weather.forecast', description: 'Exact name' })
  name?: string;

  @TextField({ max: 64, required: false, example: 'weather', description: 'Exact category' })
  category?: string;

  @SkillIdField({ required: false, description: 'Of this Skill' })
  skill_id?: string;

  @EnumField(CAPABILITY_STATUSES, { name: 'CapabilityStatus', required: false, description: 'Enabled or disabled' })
  status?: CapabilityStatus;

  @DeprecatedFilterField('Only those of deprecated Skills, or only others')
  deprecated?: 'true' | 'false';

  @MetadataFilterField()
  metadata?: MetadataFilter;

  @TagsFilterField()
  tags?: TagsFilter;

  @IdentifierField({ required: false, description: 'Of Skills of this Space' })
  space_id?: string;
}

export class ListCapabilitiesQuery extends IntersectionType(CapabilityFilter, PageQuery) {}
