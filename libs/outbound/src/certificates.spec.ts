import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { issueCertificate, makeCertificate, readPair } from '../../../test/support/certificate.js';
import { endOutbound, listen, outboundClient, rejection, type TestClient } from '../../../test/support/outbound.js';

const LOCAL = 'IP:127.0.0.1,DNS:localhost';
const ADVICE = '(trust it with OUTBOUND_CA_FILE, or tls_ca of the endpoint)';

describe('the certificate of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbound-cas-'));
  const ca = makeCertificate(folder, 'ca.test');
  const otherCa = makeCertificate(folder, 'other.test');
  const selfSigned = readPair(otherCa);
  const [caText, otherText] = [readPair(ca).cert, selfSigned.cert];
  const good = issueCertificate(folder, ca, LOCAL);
  const expired = issueCertificate(folder, ca, LOCAL, -1);
  const ofAnotherName = issueCertificate(folder, ca, 'DNS:another.test,IP:127.0.0.2');
  afterEach(endOutbound);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** A server for http and WebSockets. */
  async function serveTls(pair: { cert: string; key: string }) {
    const server = createServer(pair, (_, response) => response.end('x'));
    let connections = 0;
    server.on('secureConnection', () => (connections += 1));
    new WebSocketServer({ server });
    const port = await listen(server);
    return { port, url: `https://127.0.0.1:${port}`, connections: () => connections };
  }

  /** Calls over http, or opens a WebSocket. */
  async function reach({ client, call }: TestClient, scheme: string, url: string, pem?: string): Promise<void> {
    if (scheme === 'https') await call(url, { ca: pem });
    else
      (await client.webSocket(url.replace('https', 'wss'), { timeoutMs: 5_000, maxPayload: 1_000, ca: pem })).close();
  }

  it.each([
    ['https', 'is self-signed', selfSigned, undefined, `its certificate is not trusted: self-signed ${ADVICE}`],
    [
      'https',
      'is of an unknown CA',
      good,
      undefined,
      `its certificate is not trusted: its CA is unknown, or an intermediate certificate is missing ${ADVICE}`,
    ],
    ['https', 'has expired', expired, caText, 'its certificate has expired'],
    ['https', 'is for another name', ofAnotherName, caText, 'its certificate is for another name'],
    ['wss', 'is self-signed', selfSigned, undefined, `its certificate is not trusted: self-signed ${ADVICE}`],
    ['wss', 'has expired', expired, caText, 'its certificate has expired'],
    ['wss', 'is for another name', ofAnotherName, caText, 'its certificate is for another name'],
  ])('is named as the fault (%s) if it %s', async (scheme, _, pair, pem, certificate) => {
    const { url } = await serveTls(pair);
    const fault = await rejection(reach(outboundClient(), scheme, url, pem));
    const origin = url.replace('https', scheme);
    const message = `no connection to ${origin}: ${certificate}`;
    expect(fault).toMatchObject({ kind: 'untrusted', sent: false, certificate, message });
  });

  it.each(['https', 'wss'])(
    'is trusted by the CAs of OUTBOUND_CA_FILE, and by those of one call (%s)',
    async (scheme) => {
      const { url } = await serveTls(good);
      const bundle = join(folder, 'bundle.pem');
      writeFileSync(bundle, `# Our CAs\n${otherText}\n${caText}`);
      await reach(outboundClient({ caFile: bundle }), scheme, url);
      await reach(outboundClient({ caFile: bundle }), scheme, url.replace('127.0.0.1', 'localhost'));
      await reach(outboundClient(), scheme, url, caText);
      // The certificate of the server itself.
      await reach(outboundClient(), scheme, url, good.cert);
      // Only the CAs of the call count.
      const fault = await rejection(reach(outboundClient({ caFile: bundle }), scheme, url, otherText));
      expect(fault.kind).toBe('untrusted');
    },
  );

  it('is trusted on no connection and in no TLS session of calls with another CA', async () => {
    const { url, connections } = await serveTls(good);
    const { call } = outboundClient();
    const share = 'a Skill';
    await call(url, { share, ca: caText });
    await call(url, { share, ca: caText });
    expect(connections()).toBe(1);
    for (const pem of [undefined, otherText]) {
      expect(await rejection(call(url, { share, ca: pem }))).toMatchObject({ kind: 'untrusted' });
    }
    await call(url, { share, ca: caText });
    expect(connections()).toBe(1);
  });

  it.each([
    ['cannot be read', 'away.pem', undefined, 'cannot be read (ENOENT)'],
    ['is no certificate', 'no.pem', 'x', 'must hold certificates in PEM'],
    ['has a private key', 'key.pem', good.cert + good.key, 'must hold nothing but certificates in PEM'],
  ])('is not trusted by a file that %s: the service does not start', (_, name, content, problem) => {
    const caFile = join(folder, name);
    if (content !== undefined) writeFileSync(caFile, content);
    expect(() => outboundClient({ caFile })).toThrow(`OUTBOUND_CA_FILE ${problem}`);
  });
});
