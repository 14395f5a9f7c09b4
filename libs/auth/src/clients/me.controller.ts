import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Quotas, type Usage } from '#quotas';
import { ANY_CALLER, Authenticated } from '../authenticated.decorator.js';
import { type Caller, CurrentCaller } from '../caller.js';
import { type Permission, PERMISSIONS, type Role, ROLES } from '../roles.js';

const USAGE = {
  type: 'object' as const,
  additionalProperties: {
    type: 'object',
    required: ['limit', 'used'],
    properties: {
      limit: { type: 'integer', description: '0: none' },
      used: { type: 'integer', description: 'Large counts can be half a minute old' },
    },
  },
};

class MeResponse {
  @ApiProperty({ example: 'weather-team' })
  client_id: string;

  @ApiProperty({ enum: [...ROLES], enumName: 'Role', example: 'publisher' })
  role: Role;

  @ApiProperty({ enum: [...PERMISSIONS], isArray: true, example: ['skill:read'], description: 'Of this credential' })
  permissions: Permission[];

  @ApiProperty({
    type: [String],
    nullable: true,
    example: null,
    description: 'The Spaces that the client is limited to; null if it is not limited',
  })
  spaces: string[] | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Of this credential; null: never' })
  expires_at: string | null;

  @ApiProperty({
    ...USAGE,
    example: { skills: { limit: 500000, used: 12 } },
    description: 'Usage and limit of the client, by quota',
  })
  quotas: Usage;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: USAGE,
    example: { 'space-01': { space_skills: { limit: 1000, used: 12 } } },
    description: 'Usage and limit of each Space, by quota; only for a client that is limited to Spaces',
  })
  space_quotas?: Record<string, Usage>;
}

@ApiTags('auth')
@Controller('auth/me')
export class MeController {
  constructor(private readonly quotas: Quotas) {}

  @Get()
  @Authenticated(ANY_CALLER)
  @ApiOperation({
    summary: 'Read the caller and its permissions',
    description: 'To see who you are to the registry. You get your client id, role, permissions and Spaces.',
    operationId: 'getMe',
  })
  @ApiResponse({ status: 200, type: MeResponse, description: 'The caller' })
  async me(@CurrentCaller() { identity }: Caller): Promise<MeResponse> {
    const { clientId, role, permissions, spaces, expiresAt } = identity;
    return {
      client_id: clientId,
      role,
      permissions: [...permissions],
      spaces: spaces ? [...spaces] : null,
      expires_at: expiresAt?.toISOString() ?? null,
      quotas: await this.quotas.usageOf(clientId),
      ...(spaces && { space_quotas: await this.quotas.usageOfSpaces(spaces) }),
    };
  }
}
