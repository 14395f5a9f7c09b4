import { ApiProperty } from '@nestjs/swagger';
import { type JsonText, PageResponse, textMapSchema } from '#common';
import { CapabilityIdProperty, SkillIdProperty } from '#skills';
import { CHANNEL_STATUSES, type ChannelStatus } from './channel.entity.js';
import { contextSchema, METADATA_LIMITS } from './channel-limits.js';

const CHANNEL_ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e30';
const TIME = '2026-01-18T00:00:00.000Z';

export class ChannelResponse {
  @ApiProperty({ format: 'uuid', example: CHANNEL_ID })
  channel_id: string;

  @SkillIdProperty()
  skill_id: string;

  @CapabilityIdProperty()
  capability_id: string;

  @ApiProperty({ example: 'travel-agent', description: 'The client that created it' })
  client_id: string;

  @ApiProperty({ enum: CHANNEL_STATUSES, enumName: 'ChannelStatus', example: 'open' })
  status: ChannelStatus;

  @ApiProperty({ ...textMapSchema(METADATA_LIMITS), example: { purpose: 'travel plans' } })
  metadata: Record<string, string>;

  @ApiProperty({ format: 'date-time', example: TIME })
  created_at: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-18T01:00:00.000Z' })
  expiry_time: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'When it was closed or expired; null while it is open',
  })
  closed_at: string | null;
}

export class ChannelPageResponse extends PageResponse {
  @ApiProperty({ type: () => ChannelResponse, isArray: true })
  channels: ChannelResponse[];
}

export class ChannelContextResponse {
  @ApiProperty({ format: 'uuid', example: CHANNEL_ID })
  channel_id: string;

  @ApiProperty({ ...contextSchema, example: { city: 'Berlin', days: [1, 2.5] } })
  context: JsonText;
}
