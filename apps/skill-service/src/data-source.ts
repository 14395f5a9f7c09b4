import { ClientEntity } from '#auth';
import { ChannelContextEntity, ChannelEntity } from '#channels';
import { IdempotencyKeyEntity } from '#idempotency';
import {
  CapabilityEntity,
  CapabilityParamEntity,
  EndpointEntity,
  EndpointParamEntity,
  SkillEntity,
  SkillEventEntity,
  SkillMetadataEntity,
  SkillSearchEntity,
  SkillStatusEntity,
} from '#skills';

/** Every table of the service. */
export const ENTITIES = [
  ClientEntity,
  SkillEntity,
  EndpointEntity,
  EndpointParamEntity,
  CapabilityEntity,
  CapabilityParamEntity,
  SkillMetadataEntity,
  SkillStatusEntity,
  SkillSearchEntity,
  SkillEventEntity,
  ChannelEntity,
  ChannelContextEntity,
  IdempotencyKeyEntity,
];
