import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ANY_CALLER, Authenticated } from './authenticated.decorator.js';
import { type Caller, CurrentCaller } from './caller.js';
import { type Permission, PERMISSIONS, type Role, ROLES } from './roles.js';

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
    description: 'The Spaces that the client is limited to; null: to none',
  })
  spaces: string[] | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Of this credential; null: never' })
  expires_at: string | null;
}

@ApiTags('auth')
@Controller('auth/me')
export class MeController {
  @Get()
  @Authenticated(ANY_CALLER)
  @ApiOperation({ summary: 'Who am I, and what may I do', operationId: 'getMe' })
  @ApiResponse({ status: 200, type: MeResponse, description: 'The caller' })
  me(@CurrentCaller() { identity }: Caller): MeResponse {
    const { clientId, role, permissions, spaces, expiresAt } = identity;
    return {
      client_id: clientId,
      role,
      permissions: [...permissions],
      spaces: spaces ? [...spaces] : null,
      expires_at: expiresAt?.toISOString() ?? null,
    };
  }
}
