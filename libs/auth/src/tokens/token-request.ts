import { readBasic } from './claimed-client.js';
import { OAuthError } from './oauth-error.js';

export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

export type TokenRequest = ClientCredentials & {
  scope: string | undefined;
} & ({ grantType: 'client_credentials' } | { grantType: 'refresh_token'; refreshToken: string });

export const GRANT_TYPES = ['client_credentials', 'refresh_token'] as const;

/** Characters that each parameter may have. */
const PARAMETERS = {
  grant_type: 1024,
  client_id: 1024,
  client_secret: 1024,
  scope: 1024,
  refresh_token: 1024,
  token: 8192,
} as const;
type Parameters = Partial<Record<keyof typeof PARAMETERS, string>>;

/**
 * Reads a token request (RFC 6749 sections 2.3.1, 4.4.2 and 6): unknown parameters are ignored, repeated ones refused,
 * and a client uses one way of authentication only.
 * @throws OAuthError
 */
export function readTokenRequest(body: unknown, authorization: string | undefined): TokenRequest {
  const parameters = readParameters(body);
  const { grant_type: grantType, scope } = parameters;
  switch (grantType) {
    case undefined:
      throw new OAuthError('invalid_request', 'grant_type is required');
    case 'client_credentials':
      return { ...readCredentials(parameters, authorization), scope, grantType };
    case 'refresh_token': {
      const refreshToken = required(parameters, 'refresh_token');
      return { ...readCredentials(parameters, authorization), scope, grantType, refreshToken };
    }
    default:
      throw new OAuthError('unsupported_grant_type', `Only ${GRANT_TYPES.join(' and ')} are supported`);
  }
}

/** The token that a request to revoke or to introspect is about. `token_type_hint` is not needed. @throws OAuthError */
export function readToken(body: unknown): string {
  return required(readParameters(body), 'token');
}

/** Who sends a request to revoke or to introspect. @throws OAuthError */
export function readClient(body: unknown, authorization: string | undefined): ClientCredentials {
  return readCredentials(readParameters(body), authorization);
}

function required(parameters: Parameters, name: keyof Parameters): string {
  const value = parameters[name];
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is required`);
  return value;
}

function readParameters(body: unknown): Parameters {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OAuthError(
      'invalid_request',
      'Send the parameters as application/x-www-form-urlencoded or application/json',
    );
  }
  return Object.fromEntries(
    Object.entries(PARAMETERS).flatMap(([name, maxLength]) => {
      const value = (body as Record<string, unknown>)[name];
      if (value === undefined || value === '') return [];
      if (typeof value !== 'string') throw new OAuthError('invalid_request', `${name} must be given once, as a string`);
      if (value.length > maxLength) throw new OAuthError('invalid_request', `${name} is too long`);
      return [[name, value]];
    }),
  );
}

function readCredentials(
  { client_id, client_secret }: Parameters,
  authorization: string | undefined,
): ClientCredentials {
  const basic = readBasic(authorization);
  if (basic) {
    const { clientId, secret, isEncoded } = basic;
    if (client_secret !== undefined) throw new OAuthError('invalid_request', 'Send the secret in one place only');
    if (!isEncoded) throw new OAuthError('invalid_request', 'The Authorization header is not form-encoded');
    if (client_id !== undefined && client_id !== clientId) {
      throw new OAuthError('invalid_request', 'client_id differs from the one of the Authorization header');
    }
    return { clientId, clientSecret: secret };
  }
  if (client_id === undefined || client_secret === undefined) {
    throw new OAuthError('invalid_client', 'client_id and client_secret are required');
  }
  return { clientId: client_id, clientSecret: client_secret };
}
