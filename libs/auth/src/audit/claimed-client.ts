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
