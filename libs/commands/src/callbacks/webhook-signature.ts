import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The key of a secret: `whsec_` and base64 as in Standard Webhooks, or the text itself. */
export function parseSigningKey(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
}

/** The header `webhook-signature` (Standard Webhooks, symmetric). `timestamp` is in seconds. */
export function signWebhook(key: Buffer, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
