import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
export const RSA = ['-newkey', 'rsa:2048'];

/** Makes a self-signed certificate for this name, and its key. Returns their files. */
export function makeCertificate(
  folder: string,
  name: string,
  { days = 2, algorithm = ELLIPTIC } = {},
): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const files = ['-keyout', key, '-out', cert, '-days', String(days), '-subj', `/CN=${name}`];
  execFileSync('openssl', ['req', '-x509', ...algorithm, '-nodes', ...files], { stdio: 'ignore' });
  return { cert, key };
}
