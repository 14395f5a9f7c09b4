import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Why a text is no list of certificates in PEM, or undefined. Text between them is allowed, because OpenSSL writes it, but nothing
 * else in PEM: a private key does not belong there. The reason repeats nothing of the text.
 */
export function certificatesFault(pem: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return 'must hold certificates in PEM';
  if (pem.split('-----BEGIN').length - 1 > blocks.length) return 'must hold nothing but certificates in PEM';
  return blocks.every(isCertificate) ? undefined : 'holds a certificate that cannot be read';
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
