import { Body, Controller, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { PermissionError } from '#common';
import type { FastifyRequest } from 'fastify';
import { Authenticator } from '../authenticator.js';
import { isKnownClient, readOrigin } from '../caller.js';
import { ClientCredentialsBody, ClientRoute } from './client-route.decorator.js';
import { ClientsService } from '../clients/clients.service.js';
import { readClient, readToken } from './token-request.js';
import { type Asker, type Introspection, TokenStatusService } from './token-status.service.js';

class TokenBody extends ClientCredentialsBody {
  @ApiProperty({ example: 'the token' })
  token: string;

  @ApiProperty({ required: false, enum: ['access_token', 'refresh_token'], description: 'Not needed' })
  token_type_hint?: string;
}

class IntrospectionResponse implements Introspection {
  @ApiProperty({ description: 'False if the token is not valid, for any reason. All other fields are absent then' })
  active: boolean;

  @ApiProperty({ required: false, example: 'skill:read skill:register' })
  scope?: string;

  @ApiProperty({ required: false, example: 'weather-team' })
  client_id?: string;

  @ApiProperty({ required: false, enum: ['Bearer', 'refresh_token'] })
  token_type?: 'Bearer' | 'refresh_token';

  @ApiProperty({ required: false, type: 'integer' })
  exp?: number;

  @ApiProperty({ required: false, type: 'integer' })
  iat?: number;

  @ApiProperty({ required: false, type: 'integer' })
  nbf?: number;

  @ApiProperty({ required: false, example: 'weather-team' })
  sub?: string;

  @ApiProperty({ required: false, oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] })
  aud?: string | string[];

  @ApiProperty({ required: false, example: 'ooder-skill' })
  iss?: string;

  @ApiProperty({ required: false })
  jti?: string;
}

/** OAuth 2.0 token revocation (RFC 7009) and introspection (RFC 7662). */
@ApiTags('auth')
@Controller('auth')
export class TokenStatusController {
  constructor(
    private readonly clients: ClientsService,
    private readonly status: TokenStatusService,
    private readonly authenticator: Authenticator,
  ) {}

  @Post('revoke')
  @ClientRoute()
  @ApiOperation({
    summary: 'Revoke a token of one’s own',
    description:
      'When a token is not needed any more, or may have leaked. A refresh token ends its session. Unknown tokens are no error (RFC 7009).',
    operationId: 'revokeToken',
    security: [],
  })
  @ApiBody({ type: TokenBody })
  @ApiResponse({ status: 200, description: 'The token is not valid any more, or never was' })
  async revoke(@Req() request: FastifyRequest, @Body() body: unknown): Promise<void> {
    const client = await this.clients.authenticate(
      readClient(body, request.headers.authorization),
      isKnownClient(request),
    );
    await this.status.revoke(client, readToken(body), readOrigin(request));
  }

  @Post('introspect')
  @ClientRoute({ takesBearer: true })
  @ApiOperation({
    summary: 'Check whether a token is valid',
    description:
      'For services that get tokens and cannot check them (RFC 7662). You get the content of a valid token, and `active: false` for any other. The example is no token, so it is not active.',
    operationId: 'introspectToken',
    security: [],
  })
  @ApiBody({ type: TokenBody })
  @ApiResponse({ status: 200, type: IntrospectionResponse, description: 'The content of the token if it is valid' })
  async introspect(@Req() request: FastifyRequest, @Body() body: unknown): Promise<IntrospectionResponse> {
    const asker = await this.askerOf(request, body);
    return this.status.introspect(readToken(body), asker);
  }

  /** A client, or a caller with a token whose permission reaches the tokens of every client within its Spaces. */
  private async askerOf(request: FastifyRequest, body: unknown): Promise<Asker> {
    const { authorization } = request.headers;
    if (!/^Bearer /i.test(authorization ?? '')) {
      const client = await this.clients.authenticate(readClient(body, authorization), isKnownClient(request));
      return { client, spaces: client.spaces ?? undefined };
    }
    const caller = await this.authenticator.authenticate(request);
    if (!caller.may('client:manage')) throw new PermissionError('This needs the permission client:manage');
    return { spaces: caller.spaces };
  }
}
