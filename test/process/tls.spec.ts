import { X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import { makeCertificate, RSA } from '../support/certificate.js';
import { endServices, newFolder, runService, type ServiceProcess, startService } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

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

async function expectForwardSecrecy(url: string): Promise<void> {
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
}

describe('HTTPS', () => {
  const folder = newFolder();
  const present = makeCertificate(folder, 'present.test', { algorithm: RSA });
  const next = makeCertificate(folder, 'next.test', { days: 30, algorithm: RSA });
  let database: TestDatabase;
  let service: ServiceProcess;
  let admin: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const env = { TLS_CERT_FILE: present.cert, TLS_KEY_FILE: present.key, ADMIN_PORT: '0' };
    service = await startService({ env: { ...env, DATABASE_URL: database.url } });
    [, admin = ''] = /"Metrics +(https:\S+)\/metrics"/.exec(service.output) ?? [];
  }, 120_000);
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  it('is served with the files, from TLS 1.2 on, with forward secrecy by every cipher', async () => {
    expect(service.url).toMatch(/^https:/);
    expect(await get(`${service.url}/livez`)).toEqual({ status: 200, hsts: 'max-age=31536000; includeSubDomains' });
    expect(await get(`${admin}/metrics`)).toMatchObject({ status: 200 });
    await expect(
      dial(service.url, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow();
    expect(await nameAt(service.url)).toBe('present.test');
    for (const url of [service.url, admin]) await expectForwardSecrecy(url);
  });

  it('takes new files without a restart, when they belong together, on the same terms', async () => {
    const first = expiryIn(present.cert);
    expect(await expiryAt(admin)).toBe(first);
    // A certificate without its key, as between two steps of a change.
    renameSync(next.cert, present.cert);
    await until(() => service.output.includes('the new certificate is not used'));
    expect(service.output).toContain('TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE');
    expect(await nameAt(service.url)).toBe('present.test');
    expect(await expiryAt(admin)).toBe(first);
    renameSync(next.key, present.key);
    await until(async () => (await nameAt(service.url)) === 'next.test');
    expect(await nameAt(admin)).toBe('next.test');
    for (const url of [service.url, admin]) await expectForwardSecrecy(url);
    expect(await get(`${service.url}/livez`)).toMatchObject({ status: 200 });
    expect(expiryIn(present.cert)).toBeGreaterThan(first);
    expect(await expiryAt(admin)).toBe(expiryIn(present.cert));

    writeFileSync(present.cert, 'nothing');
    await until(() => service.output.includes('TLS_CERT_FILE holds no certificate in PEM'));
    expect(await nameAt(service.url)).toBe('next.test');
    expect((await service.stop()).code).toBe(0);
  });

  it('stops a start with wrong files, and says which and why', async () => {
    const env = { TLS_CERT_FILE: present.cert, TLS_KEY_FILE: present.key, DATABASE_URL: database.url };
    const { code, output } = await runService({ env });
    expect([code, output]).toEqual([1, expect.stringContaining('TLS_CERT_FILE holds no certificate in PEM')]);
    expect(output).not.toContain('    at ');
  });
});
