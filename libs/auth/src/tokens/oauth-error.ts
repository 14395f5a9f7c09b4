import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unsupported_grant_type',
  'invalid_scope',
  'temporarily_unavailable',
] as const;
export type OAuthErrorCode = (typeof OAUTH_ERRORS)[number];

/** The errors of the token endpoint have a shape of their own (RFC 6749 section 5.2). */
export class OAuthErrorResponse {
  @ApiProperty({ enum: OAUTH_ERRORS, example: 'invalid_client' })
  error: OAuthErrorCode;

  @ApiProperty({ example: 'The client is unknown or its secret is wrong' })
  error_description: string;
}

export class OAuthError extends Error {
  constructor(
    readonly error: OAuthErrorCode,
    readonly description: string,
  ) {
    super(description);
    this.name = 'OAuthError';
  }
}

@Catch(OAuthError)
export class OAuthErrorFilter implements ExceptionFilter<OAuthError> {
  catch({ error, description }: OAuthError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const challenge = error === 'invalid_client' ? findChallenge(http.getRequest<FastifyRequest>()) : undefined;
    if (challenge !== undefined) void reply.header('www-authenticate', challenge);
    if (error === 'temporarily_unavailable') void reply.header('retry-after', '1');
    void reply
      .status(statusOf(error))
      .header('cache-control', 'no-store')
      .send({ error, error_description: description } satisfies OAuthErrorResponse);
  }
}

/**
 * RFC 6749 section 5.2: the scheme of the Authorization header, if the client used one. Not for a page, which has an `Origin`:
 * its browser would ask the user for a password.
 */
function findChallenge({ headers: { authorization, origin } }: FastifyRequest): string | undefined {
  if (authorization === undefined || origin !== undefined) return undefined;
  return /^Basic\b/i.test(authorization) ? 'Basic realm="ooder-skill"' : 'Bearer';
}

function statusOf(error: OAuthErrorCode): number {
  switch (error) {
    case 'invalid_client':
      return 401;
    case 'temporarily_unavailable':
      return 503;
    default:
      return 400;
  }
}
