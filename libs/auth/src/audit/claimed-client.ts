import type { FastifyRequest } from 'fastify';

/** Who a refused request to the token endpoint said to be, by HTTP Basic or in its body; nobody has confirmed it. */
export function claimedClientOf({ headers, body }: FastifyRequest): string | undefined {
  const basic = /^Basic +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) return decode(Buffer.from(basic, 'base64').toString('utf8').split(':', 1)[0] ?? '');
  const claimed: unknown = (body as { client_id?: unknown } | null | undefined)?.client_id;
  return typeof claimed === 'string' && claimed !== '' ? claimed : undefined;
}

/** Form-encoded, as RFC 6749 section 2.3.1 wants it, or what was meant to be. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')) || undefined;
  } catch {
    return text;
  }
}

/** Secrets are longer: those that somebody sends in the place of the id are not to be kept, or told, in whole. */
const MAX_UNKNOWN = 15;
const HINT = 4;

/** The name of a client that may not exist, as it may be written down: a long one as its beginning. */
export function claimedName(claimed: string): string {
  return claimed.length > MAX_UNKNOWN ? `${claimed.slice(0, HINT)}…` : claimed;
}
