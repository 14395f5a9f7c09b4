import { OAuthError } from './oauth-error.js';

export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
  /** They came by HTTP Basic rather than in the body. */
  basic: boolean;
}

export interface TokenRequest extends ClientCredentials {
  scope: string | undefined;
}

const PARAMETERS = ['grant_type', 'client_id', 'client_secret', 'scope'] as const;
const MAX_LENGTH = 1024;

/**
 * Reads a token request (RFC 6749 sections 2.3.1 and 4.4.2): unknown parameters are ignored, repeated ones refused,
 * and a client uses one way of authentication only.
 * @throws OAuthError
 */
export function readTokenRequest(body: unknown, authorization: string | undefined): TokenRequest {
  const parameters = readParameters(body);
  if (parameters.grant_type === undefined) throw new OAuthError('invalid_request', 'grant_type is required');
  if (parameters.grant_type !== 'client_credentials') {
    throw new OAuthError('unsupported_grant_type', 'Only client_credentials is supported');
  }
  return { ...readCredentials(parameters, authorization), scope: parameters.scope };
}

function readParameters(body: unknown): Partial<Record<(typeof PARAMETERS)[number], string>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OAuthError('invalid_request', 'The body must be a form or a JSON object');
  }
  return Object.fromEntries(
    PARAMETERS.flatMap((name) => {
      const value = (body as Record<string, unknown>)[name];
      if (value === undefined || value === '') return [];
      if (typeof value !== 'string') throw new OAuthError('invalid_request', `${name} must be given once, as a string`);
      if (value.length > MAX_LENGTH) throw new OAuthError('invalid_request', `${name} is too long`);
      return [[name, value]];
    }),
  );
}

function readCredentials(
  { client_id, client_secret }: { client_id?: string; client_secret?: string },
  authorization: string | undefined,
): ClientCredentials {
  const basic = /^Basic +(.+)$/i.exec(authorization ?? '')?.[1];
  if (basic !== undefined) {
    if (client_secret !== undefined) throw new OAuthError('invalid_request', 'Send the secret in one place only');
    const [id = '', ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    const [clientId, clientSecret] = [decode(id), decode(secret.join(':'))];
    if (client_id !== undefined && client_id !== clientId) {
      throw new OAuthError('invalid_request', 'client_id differs from the one of the Authorization header');
    }
    return { clientId, clientSecret, basic: true };
  }
  if (client_id === undefined || client_secret === undefined) {
    throw new OAuthError('invalid_client', 'client_id and client_secret are required');
  }
  return { clientId: client_id, clientSecret: client_secret, basic: false };
}

/** Both halves of HTTP Basic are form-encoded first (RFC 6749 section 2.3.1). */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OAuthError('invalid_request', 'The Authorization header is not form-encoded', true);
  }
}
