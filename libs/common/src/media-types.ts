import type { FastifyContextConfig } from 'fastify';

export const FORM = 'application/x-www-form-urlencoded';
/** The usual one first. */
export const JSON_TYPES = ['application/json', 'application/merge-patch+json'];

/** The media types of the bodies that a route takes, the usual one first. */
export function listMediaTypes({ oauthErrors }: FastifyContextConfig): string[] {
  return [...(oauthErrors ? [FORM] : []), ...JSON_TYPES.slice(0, 1)];
}
