import { AuthenticationError } from '#common';

/** Why a credential is no longer valid. */
export type RefusalReason = 'expired' | 'revoked';

/**
 * 1002: an authentic token or key that is no longer valid. The response is that of any 401; the audit log names its owner.
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
