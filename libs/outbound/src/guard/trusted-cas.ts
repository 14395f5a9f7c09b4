import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { certificatesFault } from '#common';
import { SettingsError } from '#config';

/** The CAs of Node and those of a file. Undefined without a file: Node then uses its default. @throws SettingsError */
export function trustFile(file: string | undefined): SecureContext | undefined {
  if (file === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  const problem = certificatesFault(pem);
  if (problem !== undefined) throw fault(problem);
  return createSecureContext({ ca: [...rootCertificates, pem], allowPartialTrustChain: true });
}

/** These certificates alone, in PEM: CAs, or the certificate of the server itself. */
export function trustOnly(pem: string): SecureContext {
  return createSecureContext({ ca: pem, allowPartialTrustChain: true });
}

function fault(problem: string): SettingsError {
  return new SettingsError([{ variable: 'OUTBOUND_CA_FILE', problem, example: '/etc/ooder-skill/skills-ca.pem' }]);
}
