import { registerAs } from '@nestjs/config';
import { IsInt, Length, Max, Min } from 'class-validator';
import type { AppSettings } from './app.settings.js';
import type { DatabaseSettings } from './database.settings.js';
import { EachIs } from './each-is.js';
import { isNetwork } from './network.js';
import { Setting } from './setting.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Calls to URLs that clients have registered: endpoints of Skills, callbacks (protocol.md section 11). */
export class OutboundSettings {
  /** Non-public networks that may be called. Empty: none. Unset: see `allowLoopback`. */
  @Setting('OUTBOUND_ALLOWED_CIDRS', { example: '10.0.0.0/8,fd00::/8', emptyIsValue: true })
  @EachIs(
    (item) => isNetwork(item),
    'must be networks such as 10.0.0.0/8 and fd00::/8, or IP addresses, separated by commas',
  )
  allowedCidrs: string[] = [];

  /** Whether `allowedCidrs` is the loopback by default, which the start logs. */
  isLoopbackByDefault: boolean = false;

  /** A file of CAs in PEM that are trusted besides those of Node. It is read at the start. */
  @Setting('OUTBOUND_CA_FILE', { example: '/etc/ooder-skill/skills-ca.pem' })
  @Length(1, 4096, { message: 'must be a path' })
  caFile?: string;

  /** Connections of one Skill, or of one receiver of callbacks, to one origin. */
  @Setting('OUTBOUND_MAX_CONNECTIONS', { example: '64' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must not be under 1' })
  @Max(10_000, { message: 'must not be over 10000' })
  maxConnections: number = 64;

  /** Connection pools, one for each Skill and origin. A new pool replaces an idle one. */
  @Setting('OUTBOUND_MAX_ORIGINS', { example: '5000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must not be under 1' })
  @Max(100_000, { message: 'must not be over 100000' })
  maxOrigins: number = 5000;

  /** Milliseconds for connecting: DNS, TCP and TLS. */
  @Setting('OUTBOUND_CONNECT_TIMEOUT', { example: '3000' })
  @IsInt({ message: 'must be a whole number of milliseconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(60_000, { message: 'must not be over 60000' })
  connectTimeout: number = 3000;
}

export const outboundSettings = registerAs('outbound', () => new OutboundSettings());

/** Whether this is a development start: outside of production, with the embedded PostgreSQL. */
export function isTrial(app: AppSettings, database: DatabaseSettings): boolean {
  return !app.isProduction && database.url === undefined;
}

/** If nothing is set, the loopback may be called in a trial: the service runs on one machine, and so do its Skills. */
export function allowLoopback(outbound: OutboundSettings, app: AppSettings, database: DatabaseSettings): void {
  if (!isTrial(app, database)) return;
  outbound.allowedCidrs = [...LOOPBACK];
  outbound.isLoopbackByDefault = true;
}
