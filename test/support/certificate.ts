import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
export const RSA = ['-newkey', 'rsa:2048'];

/** Makes a self-signed certificate for this name, and its key. `names`: as in `issueCertificate`. Returns their files. */
export function makeCertificate(
  folder: string,
  name: string,
  { days = 2, algorithm = ELLIPTIC, names = '' } = {},
): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const files = ['-keyout', key, '-out', cert, '-days', String(days), '-subj', `/CN=${name}`];
  if (names !== '') files.push('-addext', `subjectAltName=${names}`);
  execFileSync('openssl', ['req', '-x509', ...algorithm, '-nodes', ...files], { stdio: 'ignore' });
  return { cert, key };
}

/** A certificate for these subject alternative names, such as `IP:127.0.0.1`, from a CA. Returns both texts in PEM. */
export function issueCertificate(
  folder: string,
  ca: { cert: string; key: string },
  names: string,
  days = 2,
): { cert: string; key: string } {
  const [key, request, extensions] = ['key', 'csr', 'ext'].map((ending) => join(folder, `issued.${ending}`));
  const asked = ['-keyout', String(key), '-out', String(request), '-subj', '/CN=issued'];
  execFileSync('openssl', ['req', '-new', ...ELLIPTIC, '-nodes', ...asked], { stdio: 'ignore' });
  writeFileSync(String(extensions), `subjectAltName=${names}`);
  const from = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', String(days)];
  const cert = execFileSync(
    'openssl',
    ['x509', '-req', '-in', String(request), ...from, '-extfile', String(extensions)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return { cert, key: readFileSync(String(key), 'utf8') };
}

/** The contents of the files of a certificate and its key. */
export function readPair({ cert, key }: { cert: string; key: string }): { cert: string; key: string } {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
