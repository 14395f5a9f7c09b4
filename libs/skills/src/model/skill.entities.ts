import { CapabilityEntity, CapabilityParamEntity } from './capability.entity.js';
import { EndpointEntity, EndpointParamEntity } from './endpoint.entity.js';
import { EndpointLeaseEntity } from './endpoint-lease.entity.js';
import { EndpointProbeEntity } from './endpoint-probe.entity.js';
import { FreedSkillIdEntity, SkillNameEntity, SkillNameShareEntity, SkillNameSkeletonEntity } from '../names/index.js';
import { SkillEventEntity } from './skill-event.entity.js';
import { SkillMetadataEntity } from './skill-metadata.entity.js';
import { SkillSearchEntity } from './skill-search.entity.js';
import { SkillStatusEntity } from './skill-status.entity.js';
import { SkillEntity } from './skill.entity.js';

/** The tables of this room. */
export const SKILL_ENTITIES = [
  SkillEntity,
  EndpointEntity,
  EndpointParamEntity,
  EndpointLeaseEntity,
  EndpointProbeEntity,
  CapabilityEntity,
  CapabilityParamEntity,
  SkillMetadataEntity,
  SkillStatusEntity,
  SkillSearchEntity,
  SkillEventEntity,
  SkillNameEntity,
  SkillNameShareEntity,
  SkillNameSkeletonEntity,
  FreedSkillIdEntity,
];
