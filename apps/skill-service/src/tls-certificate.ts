import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { Logger } from '@nestjs/common';
import { type EdgeSettings, SettingsError } from '#config';
import type { MetricsService } from '#metrics';

/** Milliseconds between two looks at the files. Names of mounted secrets are links, which a watch does not follow. */
const LOOK_EVERY_MS = 2_000;
/**
 * Every cipher has forward secrecy: who steals the key later cannot read what was recorded before. Those of TLS 1.2 are
 * Mozilla's "intermediate" ones with ECDHE. New certificates are used with the same terms.
 */
const TERMS = {
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

function expiryOf(cert: string): number {
  return new Date(new X509Certificate(cert).validTo).getTime() / 1000;
}

/** What the two files are now, in a few bytes. */
function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'none';
    })
    .join('|');
}

/** The certificate of this server and its key, as they stand in their files; new ones hold without a restart. */
export class TlsCertificate {
  private readonly logger = new Logger('tls');
  private readonly pair: Pair;
  private stamp: string;
  /** Of the one in use, in seconds since 1970. */
  private expiresAt: number;

  /** @throws SettingsError when a file cannot be read, holds something else, or the two do not belong together. */
  constructor(
    private readonly certFile: string,
    private readonly keyFile: string,
  ) {
    this.stamp = this.stampNow();
    this.pair = this.read();
    this.expiresAt = expiryOf(this.pair.cert);
  }

  /** Undefined: the service speaks HTTP. @throws SettingsError */
  static of({ tlsCertFile, tlsKeyFile }: EdgeSettings): TlsCertificate | undefined {
    if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
    return new TlsCertificate(tlsCertFile, tlsKeyFile);
  }

  get serverOptions(): Pair & typeof TERMS {
    return { ...this.pair, ...TERMS };
  }

  /** New connections get the new certificate; a faulty file is told once, and the old certificate stays. */
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
      this.look(own);
    }, LOOK_EVERY_MS).unref();
    own[0]?.once('close', () => {
      clearInterval(timer);
    });
  }

  private look(servers: readonly TlsServer[]): void {
    const stamp = this.stampNow();
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    try {
      const pair = this.read();
      for (const server of servers) server.setSecureContext({ ...pair, ...TERMS });
      this.expiresAt = expiryOf(pair.cert);
      this.logger.log('a new certificate is in use');
    } catch (error) {
      const reason = error instanceof SettingsError ? reasonOf(error) : String(error);
      this.logger.warn(`the new certificate is not used, the one before still is: ${reason}`);
    }
  }

  private stampNow(): string {
    return stampOf([this.certFile, this.keyFile]);
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
    parse('TLS_CERT_FILE', 'is refused by OpenSSL', () => createSecureContext({ cert, key, ...TERMS }));
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
    // The cause may quote what is in the file.
    throw fault(variable, problem);
  }
}

function fault(variable: keyof typeof EXAMPLES, problem: string): SettingsError {
  return new SettingsError([{ variable, problem, example: EXAMPLES[variable] }]);
}

function reasonOf({ faults }: SettingsError): string {
  return faults.map(({ variable, problem }) => `${variable} ${problem}`).join('; ');
}
