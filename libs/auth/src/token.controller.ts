import { Body, Controller, Header, Headers, HttpCode, Post, UseFilters } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiErrors, Public } from '#common';
import { ClientsService } from './clients.service.js';
import { OAuthErrorFilter, OAuthErrorResponse } from './oauth-error.js';
import { readTokenRequest } from './token-request.js';
import { type IssuedToken, TokensService } from './tokens.service.js';

class TokenRequestBody {
  @ApiProperty({ enum: ['client_credentials'], example: 'client_credentials' })
  grant_type: string;

  @ApiProperty({ required: false, example: 'admin', description: 'Unless HTTP Basic authentication is used' })
  client_id?: string;

  @ApiProperty({ required: false, example: 'the secret', description: 'Unless HTTP Basic authentication is used' })
  client_secret?: string;

  @ApiProperty({
    required: false,
    example: 'skill:read',
    description: 'Permissions, separated by spaces; all by default',
  })
  scope?: string;
}

class TokenResponse implements IssuedToken {
  @ApiProperty({ description: 'A JWT for the Authorization header' })
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', example: 3600, description: 'Seconds' })
  expires_in: number;

  @ApiProperty({ example: 'skill:read skill:register' })
  scope: string;
}

/** OAuth 2.0 token endpoint (RFC 6749 section 3.2), client credentials grant. */
@ApiTags('auth')
@Controller('auth')
export class TokenController {
  constructor(
    private readonly clients: ClientsService,
    private readonly tokens: TokensService,
  ) {}

  @Post('token')
  @Public()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @UseFilters(OAuthErrorFilter)
  @RouteConfig({ oauthErrors: true })
  @ApiOperation({ summary: 'Get an access token', operationId: 'getToken', security: [] })
  @ApiHeader({
    name: 'authorization',
    required: false,
    description: 'HTTP Basic with client_id and client_secret, in place of those of the body',
    schema: { type: 'string' },
  })
  @ApiConsumes('application/x-www-form-urlencoded', 'application/json')
  @ApiBody({ type: TokenRequestBody })
  @ApiResponse({ status: 200, type: TokenResponse, description: 'A token' })
  @ApiResponse({ status: 400, type: OAuthErrorResponse, description: 'The request is wrong' })
  @ApiResponse({ status: 401, type: OAuthErrorResponse, description: 'The client is unknown or its secret is wrong' })
  @ApiErrors(1007, 1008)
  async token(@Body() body: unknown, @Headers('authorization') authorization?: string): Promise<TokenResponse> {
    const request = readTokenRequest(body, authorization);
    const client = await this.clients.authenticate(request);
    return this.tokens.issue(client, request.scope);
  }
}
