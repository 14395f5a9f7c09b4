import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { Logger } from '@nestjs/common';
import { type EdgeSettings, SettingsError } from '#config';
import type { MetricsService } from '#metrics';

/** Milliseconds between two checks of the files. Mounted secrets are links, which `fs.watch` does not follow. */
const CHECK_EVERY_MS = 2_000;
/**
 * Every cipher has forward secrecy: a stolen key does not open traffic that was recorded before. The ciphers of TLS 1.2 are
 * those of Mozilla's "intermediate" list with ECDHE.
 */
const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const;
const EXAMPLES = { TLS_CERT_FILE: '/etc/ooder-skill/tls.crt', TLS_KEY_FILE: '/etc/ooder-skill/tls.key' };

interface Pair {
  cert: string;
  key: string;
}

function readExpiry(cert: string): number {
  return new Date(new X509Certificate(cert).validTo).getTime() / 1000;
}

/** A text that changes when one of the files changes. */
function fingerprint(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'none';
    })
    .join('|');
}

/** The certificate of this server and its key, read from their files again when these change. */
export class TlsCertificate {
  private readonly logger = new Logger('tls');
  private readonly pair: Pair;
  private stamp: string;
  /** The end of the certificate in use, in seconds since 1970. */
  private expiresAt: number;

  /** @throws SettingsError if a file cannot be read or has the wrong content, or the key does not fit the certificate */
  constructor(
    private readonly certFile: string,
    private readonly keyFile: string,
  ) {
    this.stamp = this.currentStamp();
    this.pair = this.read();
    this.expiresAt = readExpiry(this.pair.cert);
  }

  /** Returns undefined if the service uses plain HTTP. @throws SettingsError */
  static fromSettings({ tlsCertFile, tlsKeyFile }: EdgeSettings): TlsCertificate | undefined {
    if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
    return new TlsCertificate(tlsCertFile, tlsKeyFile);
  }

  get serverOptions(): Pair & typeof TLS_OPTIONS {
    return { ...this.pair, ...TLS_OPTIONS };
  }

  /** New connections get the new certificate. A faulty file is logged once, and the old certificate stays in use. */
  watch(servers: readonly Server[], metrics: MetricsService): void {
    const own = servers.filter((server) => server instanceof TlsServer);
    metrics.gauge({
      name: 'tls_certificate_expiry_timestamp_seconds',
      help: 'End of the certificate in use, in seconds since 1970; not there without HTTPS.',
      collect: (gauge) => {
        gauge.set(this.expiresAt);
      },
    });
    const timer = setInterval(() => {
      this.check(own);
    }, CHECK_EVERY_MS).unref();
    own[0]?.once('close', () => {
      clearInterval(timer);
    });
  }

  private check(servers: readonly TlsServer[]): void {
    const stamp = this.currentStamp();
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    try {
      const pair = this.read();
      for (const server of servers) server.setSecureContext({ ...pair, ...TLS_OPTIONS });
      this.expiresAt = readExpiry(pair.cert);
      this.logger.log('a new certificate is in use');
    } catch (error) {
      const reason = error instanceof SettingsError ? describe(error) : String(error);
      this.logger.warn(`the new certificate is not used, the one before still is: ${reason}`);
    }
  }

  private currentStamp(): string {
    return fingerprint([this.certFile, this.keyFile]);
  }

  private read(): Pair {
    const cert = readText('TLS_CERT_FILE', this.certFile);
    const key = readText('TLS_KEY_FILE', this.keyFile);
    const certificate = parse('TLS_CERT_FILE', 'holds no certificate in PEM', () => new X509Certificate(cert));
    const privateKey = parse('TLS_KEY_FILE', 'holds no private key in PEM without a passphrase', () =>
      createPrivateKey(key),
    );
    if (!certificate.checkPrivateKey(privateKey)) {
      throw fault('TLS_KEY_FILE', 'is not the key of the certificate in TLS_CERT_FILE');
    }
    parse('TLS_CERT_FILE', 'is refused by OpenSSL', () => createSecureContext({ cert, key, ...TLS_OPTIONS }));
    return { cert, key };
  }
}

function readText(variable: keyof typeof EXAMPLES, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fault(variable, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function parse<T>(variable: keyof typeof EXAMPLES, problem: string, work: () => T): T {
  try {
    return work();
  } catch {
    // The cause may quote the file.
    throw fault(variable, problem);
  }
}

function fault(variable: keyof typeof EXAMPLES, problem: string): SettingsError {
  return new SettingsError([{ variable, problem, example: EXAMPLES[variable] }]);
}

function describe({ faults }: SettingsError): string {
  return faults.map(({ variable, problem }) => `${variable} ${problem}`).join('; ');
}
