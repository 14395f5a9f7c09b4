import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The key that a secret stands for: `whsec_` and base64, as Standard Webhooks writes it, or the text itself. */
export function parseSigningKey(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
}

/** The header `webhook-signature` (Standard Webhooks, symmetric signatures). `timestamp` is in seconds. */
export function signWebhook(key: Buffer, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
