import type { FastifyRequest } from 'fastify';

/** The unchecked id and secret of HTTP Basic. */
export interface BasicCredentials {
  clientId: string;
  secret: string;
  /** Whether both halves were form-encoded, as RFC 6749 section 2.3.1 demands. A half that is not is taken as it came. */
  isEncoded: boolean;
}

/** Reads `Authorization: Basic`; undefined for any other header. */
export function readBasic(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = /^Basic +(.+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  const clientId = decode(id);
  const secret = decode(password);
  return {
    clientId: clientId ?? id,
    secret: secret ?? password,
    isEncoded: clientId !== undefined && secret !== undefined,
  };
}

/** Undefined when the text is not form-encoded. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** The client that a token request claims to be, and its secret. Both are unchecked. */
export interface ClaimedClient {
  clientId: string | undefined;
  secret: string | undefined;
}

/** By HTTP Basic, or in the parsed body. An empty id is none. */
export function readClaimedClient({ headers, body }: FastifyRequest): ClaimedClient {
  const basic = readBasic(headers.authorization);
  if (!basic) return { clientId: textIn(body, 'client_id'), secret: textIn(body, 'client_secret') };
  const { clientId, secret } = basic;
  return { clientId: clientId === '' ? undefined : clientId, secret };
}

function textIn(body: unknown, name: string): string | undefined {
  const value = (body as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Secrets are longer: one that is sent in place of an id must not be stored or logged as a whole. */
export const MAX_UNKNOWN = 15;
const HINT = 4;

/** The name of a client that may not exist, for logs and the audit log: of a long one only its beginning. */
export function shortenClaimedName(claimed: string): string {
  return claimed.length > MAX_UNKNOWN ? `${claimed.slice(0, HINT)}…` : claimed;
}
