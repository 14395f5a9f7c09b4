import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import { endServices, runService, startService } from '../support/service-process.js';
import { until } from '../support/until.js';

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const RSA = ['-newkey', 'rsa:2048'];

/** A self-signed certificate for this name, and its key. */
function makeCertificate(
  folder: string,
  name: string,
  { days = 2, algorithm = ELLIPTIC } = {},
): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const files = ['-keyout', key, '-out', cert, '-days', String(days), '-subj', `/CN=${name}`];
  execFileSync('openssl', ['req', '-x509', ...algorithm, '-nodes', ...files], { stdio: 'ignore' });
  return { cert, key };
}

function dial(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

async function nameAt(url: string): Promise<string | undefined> {
  const socket = await dial(url);
  const certificate: PeerCertificate = socket.getPeerCertificate();
  socket.destroy();
  const name = certificate.subject.CN;
  return Array.isArray(name) ? name[0] : name;
}

function get(url: string): Promise<{ status: number | undefined; hsts: unknown }> {
  return new Promise((resolve, reject) => {
    httpsRequest(url, { rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode, hsts: answer.headers['strict-transport-security'] });
    })
      .once('error', reject)
      .end();
  });
}

function textOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    httpsRequest(url, { rejectUnauthorized: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('end', () => {
        resolve(text);
      });
    })
      .once('error', reject)
      .end();
  });
}

/** When the certificate in use ends, as /metrics says, in seconds since 1970. */
async function expiryAt(url: string): Promise<number> {
  return Number(/^tls_certificate_expiry_timestamp_seconds (\d+)$/m.exec(await textOf(`${url}/metrics`))?.[1]);
}

function expiryIn(file: string): number {
  return Date.parse(new X509Certificate(readFileSync(file)).validTo) / 1000;
}

describe('HTTPS', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ooder-tls-'))));
  afterAll(async () => {
    await endServices();
    rmSync(folder, { recursive: true });
  });

  const settingsOf = ({ cert, key }: { cert: string; key: string }) => ({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key });

  it('is served with the files, from TLS 1.2 on, and takes new files without a restart', async () => {
    const present = makeCertificate(folder, 'present.test');
    const next = makeCertificate(folder, 'next.test', { days: 30 });
    const service = await startService({ env: settingsOf(present) });
    expect(service.url).toMatch(/^https:/);
    expect(await get(`${service.url}/livez`)).toEqual({ status: 200, hsts: 'max-age=31536000; includeSubDomains' });
    await expect(
      dial(service.url, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow();
    expect(await nameAt(service.url)).toBe('present.test');
    const first = expiryIn(present.cert);
    expect(await expiryAt(service.url)).toBe(first);

    // A certificate without its key, as between two steps of a change.
    renameSync(next.cert, present.cert);
    await until(() => service.output.includes('the new certificate is not used'));
    expect(service.output).toContain('TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE');
    expect(await nameAt(service.url)).toBe('present.test');
    expect(await expiryAt(service.url)).toBe(first);
    renameSync(next.key, present.key);
    await until(async () => (await nameAt(service.url)) === 'next.test');
    expect(await get(`${service.url}/livez`)).toMatchObject({ status: 200 });
    expect(expiryIn(present.cert)).toBeGreaterThan(first);
    expect(await expiryAt(service.url)).toBe(expiryIn(present.cert));

    writeFileSync(present.cert, 'nothing');
    await until(() => service.output.includes('TLS_CERT_FILE holds no certificate in PEM'));
    expect(await nameAt(service.url)).toBe('next.test');
    expect((await service.stop()).code).toBe(0);
  });

  it('has forward secrecy with every cipher, also after a change of the certificate', async () => {
    const present = makeCertificate(folder, 'rsa.test', { algorithm: RSA });
    const next = makeCertificate(folder, 'next-rsa.test', { algorithm: RSA });
    const service = await startService({ env: { ...settingsOf(present), ADMIN_PORT: '0' } });
    const [, admin = ''] = /"Metrics +(https:\S+)\/metrics"/.exec(service.output) ?? [];
    expect(await get(`${admin}/metrics`)).toMatchObject({ status: 200 });
    const expectForwardSecrecy = async (url: string): Promise<void> => {
      const withCipher = (ciphers: string) => dial(url, { maxVersion: 'TLSv1.2', ciphers });
      for (const cipher of ['AES128-SHA', 'AES256-SHA256', 'AES128-GCM-SHA256', 'AES256-GCM-SHA384']) {
        await expect(withCipher(cipher)).rejects.toThrow('handshake failure');
      }
      for (const cipher of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384']) {
        const socket = await withCipher(cipher);
        expect(socket.getCipher().name).toBe(cipher);
        socket.destroy();
      }
      const modern = await dial(url, { minVersion: 'TLSv1.3' });
      expect(modern.getProtocol()).toBe('TLSv1.3');
      modern.destroy();
    };
    for (const url of [service.url, admin]) await expectForwardSecrecy(url);
    renameSync(next.cert, present.cert);
    renameSync(next.key, present.key);
    await until(async () => (await nameAt(service.url)) === 'next-rsa.test');
    expect(await nameAt(admin)).toBe('next-rsa.test');
    for (const url of [service.url, admin]) await expectForwardSecrecy(url);
    expect((await service.stop()).code).toBe(0);
  });

  it('stops a start with wrong files, and says which and why', async () => {
    const [one, two] = [makeCertificate(folder, 'one.test'), makeCertificate(folder, 'two.test')];
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, 'no certificate');
    for (const [env, message] of [
      [{ TLS_CERT_FILE: one.cert }, 'TLS_KEY_FILE is needed with TLS_CERT_FILE'],
      [{ TLS_KEY_FILE: one.key }, 'TLS_CERT_FILE is needed with TLS_KEY_FILE'],
      [settingsOf({ cert: join(folder, 'nowhere'), key: one.key }), 'TLS_CERT_FILE cannot be read (ENOENT)'],
      [settingsOf({ cert: garbage, key: one.key }), 'TLS_CERT_FILE holds no certificate in PEM'],
      [settingsOf({ cert: one.cert, key: garbage }), 'TLS_KEY_FILE holds no private key in PEM'],
      [settingsOf({ cert: one.cert, key: two.key }), 'TLS_KEY_FILE is not the key of the certificate'],
    ] as const) {
      const { code, output } = await runService({ env });
      expect([code, output]).toEqual([1, expect.stringContaining(message)]);
      expect(output).not.toContain('    at ');
    }
  });
});
