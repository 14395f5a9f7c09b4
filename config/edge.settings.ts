import { registerAs } from '@nestjs/config';
import { IsBoolean, Length } from 'class-validator';
import { EachIs } from './each-is.js';
import { isNetwork } from './network.js';
import { Setting, type SettingFault } from './setting.js';

/** HTTPS, CORS, and proxies in front of the service. */
export class EdgeSettings {
  /** PEM file with the certificate and its chain. With this and the key file, the service uses HTTPS. */
  @Setting('TLS_CERT_FILE', { example: '/etc/ooder-skill/tls.crt' })
  @Length(1, 4096, { message: 'must be a path' })
  tlsCertFile?: string;

  /** PEM file with the private key of the certificate. */
  @Setting('TLS_KEY_FILE', { example: '/etc/ooder-skill/tls.key' })
  @Length(1, 4096, { message: 'must be a path' })
  tlsKeyFile?: string;

  /** Origins whose pages may call the API, separated by commas; `*`: all. Unset: none. */
  @Setting('CORS_ORIGINS', { example: 'https://console.example.com' })
  @EachIs(isOrigin, 'must be origins such as https://console.example.com, separated by commas, or *')
  corsOrigins: string[] = [];

  /** Whether browsers may send cookies and client certificates. The service itself ignores both. */
  @Setting('CORS_CREDENTIALS', { example: 'false' })
  @IsBoolean({ message: 'must be true or false' })
  corsCredentials: boolean = false;

  /** Addresses of proxies whose X-Forwarded-For is trusted. Unset: none; the caller's address is that of the connection. */
  @Setting('TRUST_PROXY', { example: '10.0.0.0/8,192.168.1.10' })
  // A network of all addresses would trust everyone.
  @EachIs((item) => isNetwork(item, 1), 'must be IP addresses or networks such as 10.0.0.0/8, separated by commas')
  trustProxy: string[] = [];

  get isTls(): boolean {
    return this.tlsCertFile !== undefined && this.tlsKeyFile !== undefined;
  }
}

export const edgeSettings = registerAs('edge', () => new EdgeSettings());

/** Faults of combined settings. */
export function checkEdge(edge: EdgeSettings, faults: SettingFault[]): void {
  if (edge.tlsCertFile !== undefined && edge.tlsKeyFile === undefined) {
    faults.push({
      variable: 'TLS_KEY_FILE',
      problem: 'is needed with TLS_CERT_FILE',
      example: '/etc/ooder-skill/tls.key',
    });
  }
  if (edge.tlsKeyFile !== undefined && edge.tlsCertFile === undefined) {
    faults.push({
      variable: 'TLS_CERT_FILE',
      problem: 'is needed with TLS_KEY_FILE',
      example: '/etc/ooder-skill/tls.crt',
    });
  }
  if (edge.corsCredentials && edge.corsOrigins.includes('*')) {
    faults.push({
      variable: 'CORS_ORIGINS',
      problem: 'must name the origins when CORS_CREDENTIALS is true: * would let every page act for its visitor',
      example: 'https://console.example.com',
    });
  }
}

function isOrigin(text: string): boolean {
  if (text === '*') return true;
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
