import { applyDecorators, Header, HttpCode, UseFilters } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiConsumes, ApiHeader, ApiProperty, ApiResponse } from '@nestjs/swagger';
import { ApiErrors, Public } from '#common';
import { OAuthErrorFilter, OAuthErrorResponse } from './oauth-error.js';

/** Client authentication in the body. */
export class ClientCredentialsBody {
  @ApiProperty({ required: false, description: 'Unless HTTP Basic authentication is used' })
  client_id?: string;

  @ApiProperty({ required: false, description: 'Unless HTTP Basic authentication is used' })
  client_secret?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route of the authorization server that a bearer token opens as well as a client's secret. */
    takesBearer?: boolean;
  }
}

/**
 * A route of the authorization server: public to the guard, since the client authenticates with its id and secret, by
 * HTTP Basic or in the body; a form or JSON; errors in the shape of RFC 6749 section 5.2; nothing is cached.
 */
export function ClientRoute({ takesBearer = false } = {}): MethodDecorator {
  return applyDecorators(
    Public(),
    HttpCode(200),
    // RFC 6749 section 5.1.
    Header('cache-control', 'no-store'),
    Header('pragma', 'no-cache'),
    UseFilters(OAuthErrorFilter),
    RouteConfig({ oauthErrors: true, takesBearer }),
    ApiHeader({
      name: 'authorization',
      required: false,
      description: 'HTTP Basic authentication with client_id and client_secret, instead of these fields in the body',
      schema: { type: 'string' },
    }),
    ApiConsumes('application/x-www-form-urlencoded', 'application/json'),
    ApiResponse({ status: 400, type: OAuthErrorResponse, description: 'The request is not valid' }),
    ApiResponse({ status: 413, type: OAuthErrorResponse, description: 'The body is too large' }),
    ApiResponse({ status: 415, type: OAuthErrorResponse, description: 'The body is neither a form nor JSON' }),
    ApiResponse({ status: 401, type: OAuthErrorResponse, description: 'The client is unknown or its secret is wrong' }),
    ApiErrors(1007, 1008),
  );
}
