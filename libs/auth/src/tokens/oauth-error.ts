import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

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
    /** The client used HTTP Basic, so that 401 must name that scheme. */
    readonly basic = false,
  ) {
    super(description);
    this.name = 'OAuthError';
  }
}

@Catch(OAuthError)
export class OAuthErrorFilter implements ExceptionFilter<OAuthError> {
  catch({ error, description, basic }: OAuthError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error === 'invalid_client')
      void reply.header('www-authenticate', basic ? 'Basic realm="ooder-skill"' : 'Bearer');
    if (error === 'temporarily_unavailable') void reply.header('retry-after', '1');
    void reply
      .status(statusOf(error))
      .header('cache-control', 'no-store')
      .send({ error, error_description: description } satisfies OAuthErrorResponse);
  }
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
