import { IntegerField, SkillIdField } from '#common';
import { ApiProperty } from '@nestjs/swagger';
import { ENDPOINT_STATUSES, type EndpointStatus } from './endpoint.entity.js';
import { SkillIdProperty, SkillUuidProperty } from './id-properties.decorators.js';
import { EndpointUrlField } from './skill-fields.decorators.js';

const TIME = '2026-01-18T00:00:00.000Z';

/** POST /skills/{skill_id}/unregister and /drain; everything is optional. */
export class LeavingBody {
  @SkillIdField({ required: false, description: 'Id of the Skill, as in the path' })
  skill_id?: string;

  @EndpointUrlField({ required: false, description: 'The endpoint that leaves. If absent, the whole Skill' })
  endpoint_url?: string;

  @IntegerField({
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    required: false,
    description: 'Generation of the registration that leaves. Refused with 1006 if there is a newer one',
  })
  generation?: number;
}

export class UnregisteredResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ enum: ['unregistered'] })
  status: 'unregistered';

  @ApiProperty({ format: 'date-time', example: TIME })
  unregistered_at: string;

  @ApiProperty({
    type: 'integer',
    required: false,
    example: 2,
    description: 'If one endpoint was unregistered: how many the Skill still has. 0: the Skill is unregistered too',
  })
  endpoints_left?: number;
}

export class DrainedEndpointResponse {
  @ApiProperty({ format: 'uuid', example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e11' })
  endpoint_id: string;

  @ApiProperty({ example: 'http://localhost:8001' })
  url: string;

  @ApiProperty({ enum: ENDPOINT_STATUSES, enumName: 'EndpointStatus', example: 'draining' })
  status: EndpointStatus;
}

export class DrainingResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ enum: ['draining'] })
  status: 'draining';

  @ApiProperty({ format: 'date-time', example: TIME })
  draining_at: string;

  @ApiProperty({
    type: () => DrainedEndpointResponse,
    isArray: true,
    description: 'The endpoints that were named. An inactive endpoint stays inactive',
  })
  endpoints: DrainedEndpointResponse[];
}
