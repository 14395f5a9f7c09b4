import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { describeError, readForeignJson } from '#common';
import { type OidcSettings, oidcSettings } from '#config';
import { OutageLog } from '#logging';
import { OutboundClient, SettingsClient } from '#outbound';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** Keys are asked for again after this time, so that one that was withdrawn ends within a minute. */
const MAX_AGE_MS = 30_000;
/** ... and at most once in this time: tokens with made-up key ids must not make us a nuisance to the issuer. */
const COOLDOWN_MS = 10_000;
/** Milliseconds and bytes of each of the two answers. */
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 262_144;
const JOB = 'oidc-keys';

/** The keys that the issuer has at a time. */
export interface KeySet {
  /** False once the issuer has others: what was verified with these is to be verified anew. */
  isCurrent: boolean;
  readonly find: JWTVerifyGetKey;
  /** As the issuer tells them. */
  readonly text: string;
}

/**
 * The public keys of the foreign issuer: found by its discovery document (OpenID Connect Discovery 1.0), and asked for
 * again twice a minute once somebody has shown a token, and when a token names one that is not among them. While the
 * issuer is away the last ones hold.
 */
@Injectable()
export class OidcKeys implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly outage = new OutageLog(new Logger('auth'), 'The issuer SECURITY_OIDC_ISSUER');
  private keys: KeySet | undefined;
  private triedAt = -Infinity;
  private loading: Promise<void> | undefined;

  constructor(
    @Inject(oidcSettings.KEY) private readonly settings: OidcSettings,
    private readonly scheduler: SchedulerRegistry,
    private readonly own: SettingsClient,
    private readonly foreign: OutboundClient,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.issuer === undefined) return;
    this.scheduler.addInterval(
      JOB,
      setInterval(() => void this.renew(), MAX_AGE_MS),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.scheduler.doesExist('interval', JOB)) this.scheduler.deleteInterval(JOB);
    await this.loading;
  }

  /** Asks for the keys, if somebody has needed them before. Never rejects. */
  async renew(): Promise<void> {
    if (this.keys !== undefined) await this.refresh();
  }

  /** The key for a token with this header, and the set that it is of. @throws Error when there is none */
  async find(
    ...[header, token]: Parameters<JWTVerifyGetKey>
  ): Promise<{ key: Awaited<ReturnType<JWTVerifyGetKey>>; set: KeySet }> {
    if (this.keys === undefined) await this.refresh();
    try {
      return await this.findIn(this.keys, header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh();
      return this.findIn(this.keys, header, token);
    }
  }

  private async findIn(set: KeySet | undefined, ...[header, token]: Parameters<JWTVerifyGetKey>) {
    if (set === undefined) throw new Error('the keys of the issuer are not known');
    return { key: await set.find(header, token), set };
  }

  /** One at a time, and not too often; never rejects. */
  private async refresh(): Promise<void> {
    if (this.loading === undefined && performance.now() - this.triedAt < COOLDOWN_MS) return;
    this.loading ??= this.load()
      .then(
        () => {
          this.outage.end();
        },
        (error: unknown) => {
          this.outage.begin(describeError(error));
        },
      )
      .finally(() => {
        this.triedAt = performance.now();
        this.loading = undefined;
      });
    await this.loading;
  }

  private async load(): Promise<void> {
    const { issuer = '' } = this.settings;
    const found = await this.fetch(this.own, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const document = found.json as { issuer?: unknown; jwks_uri?: unknown } | null;
    if (document?.issuer !== issuer) throw new Error('its discovery document is that of another issuer');
    const { jwks_uri: uri } = document;
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== new URL(issuer).protocol) {
      throw new Error('its discovery document names no jwks_uri that can be trusted');
    }
    // No setting names another host: it is called as an address that a stranger has registered.
    const isOwn = new URL(uri).hostname === new URL(issuer).hostname;
    const { json, text } = await this.fetch(isOwn ? this.own : this.foreign, uri);
    if (this.keys?.text === text) return;
    const find = createLocalJWKSet(json as JSONWebKeySet);
    if (this.keys !== undefined) this.keys.isCurrent = false;
    this.keys = { isCurrent: true, find, text };
  }

  /** JSON of bounded size in bounded time; no redirect is followed. @throws Error that quotes nothing of the answer */
  private async fetch(calls: SettingsClient | OutboundClient, url: string): Promise<{ json: unknown; text: string }> {
    const { status, body } = await calls.request({
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_BYTES,
    });
    if (status !== 200) throw new Error(`it answers with status ${status}`);
    const json = readForeignJson(body).value;
    if (typeof json !== 'object' || json === null) throw new Error('it answers no JSON object');
    return { json, text: body.toString('utf8') };
  }
}
