import { AuthenticationError } from '#common';

/** Why a credential that was good once is so no more. */
export type RefusalReason = 'expired' | 'revoked';

/**
 * 1002: a token or a key that is authentic and holds no more. The caller hears what everybody hears; whose it was is for
 * the audit log.
 */
export class RefusedCredentialError extends AuthenticationError {
  constructor(
    message: string,
    readonly clientId: string,
    readonly reason: RefusalReason,
    tokenGiven = false,
  ) {
    super(message, tokenGiven);
  }
}
