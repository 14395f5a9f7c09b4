import { Body, Controller, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { isKnownClient, readOrigin } from '../caller.js';
import { ClientCredentialsBody, ClientRoute } from './client-route.decorator.js';
import { GrantsService, type IssuedTokens } from './grants.service.js';
import { GRANT_TYPES, readTokenRequest } from './token-request.js';

class TokenRequestBody extends ClientCredentialsBody {
  @ApiProperty({ enum: GRANT_TYPES, example: 'client_credentials' })
  grant_type: string;

  @ApiProperty({ required: false, description: 'For grant_type refresh_token; valid for one use' })
  refresh_token?: string;

  @ApiProperty({
    required: false,
    example: 'skill:read',
    description: 'Permissions, separated by spaces. Default: all. A refresh can only remove permissions',
  })
  scope?: string;
}

class TokenResponse implements IssuedTokens {
  @ApiProperty({ description: 'A JWT for the Authorization header' })
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', example: 3600, description: 'Seconds' })
  expires_in: number;

  @ApiProperty({ required: false, description: 'Absent if sessions cannot be stored at the moment' })
  refresh_token?: string;

  @ApiProperty({ example: 'skill:read skill:register' })
  scope: string;
}

/** OAuth 2.0 token endpoint (RFC 6749 section 3.2), client credentials and refresh token grants. */
@ApiTags('auth')
@Controller('auth')
export class TokenController {
  constructor(private readonly grants: GrantsService) {}

  @Post('token')
  @ClientRoute()
  @ApiOperation({
    summary: 'Get an access token',
    description:
      'First of all, and again before the token expires. You get an access token for the header Authorization, and a refresh token for the next one. Swagger UI sends the client id and secret of its Authorize form.',
    operationId: 'getToken',
    security: [],
  })
  @ApiBody({ type: TokenRequestBody })
  @ApiResponse({ status: 200, type: TokenResponse, description: 'A token' })
  token(@Req() request: FastifyRequest, @Body() body: unknown): Promise<TokenResponse> {
    const asked = readTokenRequest(body, request.headers.authorization);
    return this.grants.grant(asked, readOrigin(request), isKnownClient(request));
  }
}
