import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../../../test/support/certificate.js';
import { TlsCertificate } from './tls-certificate.js';

describe('TlsCertificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-tls-'));
  const [one, two] = [makeCertificate(folder, 'one.test'), makeCertificate(folder, 'two.test')];
  const garbage = join(folder, 'garbage.pem');
  writeFileSync(garbage, 'no certificate');
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads a certificate and its key', () => {
    expect(new TlsCertificate(one.cert, one.key).serverOptions.cert).toContain('BEGIN CERTIFICATE');
  });

  it.each([
    ['TLS_CERT_FILE cannot be read (ENOENT)', join(folder, 'nowhere'), one.key],
    ['TLS_CERT_FILE holds no certificate in PEM', garbage, one.key],
    ['TLS_KEY_FILE holds no private key in PEM', one.cert, garbage],
    ['TLS_KEY_FILE is not the key of the certificate', one.cert, two.key],
  ])('says which file is wrong, and why: %s', (message, cert, key) => {
    expect(() => new TlsCertificate(cert, key)).toThrow(message);
  });
});
