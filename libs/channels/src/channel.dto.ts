import { IntersectionType } from '@nestjs/swagger';
import { EnumField, FutureTimeField, Nfc, PageQuery, SkillIdField, TextField, TextMapField, UuidField } from '#common';
import { CHANNEL_STATUSES, type ChannelStatus } from './channel.entity.js';
import { METADATA_LIMITS } from './channel-limits.js';

/** POST /channels/create */
export class CreateChannelBody {
  @SkillIdField({ example: 'weather', description: 'Id of the Skill' })
  skill_id: string;

  @TextField({ max: 255, example: 'weather.forecast', description: 'Id or name of a capability of this Skill' })
  @Nfc()
  capability_id: string;

  @TextMapField({ ...METADATA_LIMITS, required: false, example: { purpose: 'travel plans' } })
  metadata?: Record<string, string>;

  @FutureTimeField({
    required: false,
    example: '2027-01-18T00:00:00Z',
    description:
      'In the future, at most CHANNEL_MAX_EXPIRY seconds from now; by default CHANNEL_EXPIRY seconds from now',
  })
  expiry_time?: string;
}

export class ChannelIdParam {
  @UuidField({ description: 'Id of the channel' })
  channel_id: string;
}

class ChannelFilter {
  @EnumField(CHANNEL_STATUSES, {
    name: 'ChannelStatus',
    required: false,
    description: 'Status of the channel; an expired channel is closed',
  })
  status?: ChannelStatus;

  @SkillIdField({ required: false, description: 'Channels with this Skill' })
  skill_id?: string;
}

export class ListChannelsQuery extends IntersectionType(ChannelFilter, PageQuery) {}
