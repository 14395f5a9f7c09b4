import { ApiProperty } from '@nestjs/swagger';
import { SkillIdProperty, SkillUuidProperty } from './id-properties.decorators.js';
import { LeaseResponse } from './lease-terms.js';
import { type WarningResponse, WarningsField } from './warning.response.js';

const TIME = '2026-01-18T00:00:00.000Z';

export class RegisteredResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ enum: ['registered'] })
  status: 'registered';

  @ApiProperty({ format: 'date-time', example: TIME })
  registered_at: string;

  @ApiProperty({ type: 'integer', example: 1, description: 'Rises with every registration; say it in heartbeats' })
  generation: number;

  @ApiProperty({ type: () => LeaseResponse })
  lease: LeaseResponse;

  @ApiProperty({ example: 28.713, description: 'Seconds until the first heartbeat is due' })
  interval: number;

  @WarningsField()
  warnings?: WarningResponse[];
}

export class BatchRegisteredItemResponse {
  @ApiProperty({ type: 'integer', example: 0, description: 'Place in the request, from 0' })
  index: number;

  @ApiProperty({ enum: ['created', 'updated', 'failed'], example: 'created' })
  status: 'created' | 'updated' | 'failed';

  @SkillIdProperty(false)
  skill_id?: string;

  @SkillUuidProperty(false)
  id?: string;

  @ApiProperty({ type: 'integer', required: false, example: 1001, description: 'Error code of a failed item' })
  code?: number;

  @ApiProperty({ required: false, example: 'version must be a semantic version' })
  message?: string;

  @WarningsField()
  warnings?: WarningResponse[];
}

export class BatchRegisteredResponse {
  @ApiProperty({ type: () => BatchRegisteredItemResponse, isArray: true })
  results: BatchRegisteredItemResponse[];
}
