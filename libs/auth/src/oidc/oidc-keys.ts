import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { type OidcSettings, oidcSettings } from '#config';
import { OutageLog } from '#logging';
import { TRACER, type Tracer } from '#tracing';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { fetchJson } from './fetch-json.js';

/** Keys are asked for again after this time, so that one that was withdrawn does not hold for ever. */
const MAX_AGE_MS = 600_000;
/** ... and at most once in this time: tokens with made-up key ids must not make us a nuisance to the issuer. */
const COOLDOWN_MS = 10_000;

/**
 * The public keys of the foreign issuer: found by its discovery document (OpenID Connect Discovery 1.0), kept, and asked
 * for again when a token names one that is not among them. While the issuer is away the last ones hold.
 */
@Injectable()
export class OidcKeys {
  private readonly outage = new OutageLog(new Logger('auth'), 'The issuer SECURITY_OIDC_ISSUER');
  private keys: JWTVerifyGetKey | undefined;
  private loadedAt = -Infinity;
  private triedAt = -Infinity;
  private loading: Promise<void> | undefined;

  private get known(): JWTVerifyGetKey {
    if (this.keys === undefined) throw new Error('the keys of the issuer are not known');
    return this.keys;
  }

  constructor(
    @Inject(oidcSettings.KEY) private readonly settings: OidcSettings,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {}

  /** The key for a token with this header. @throws Error when there is none */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (performance.now() - this.loadedAt > MAX_AGE_MS) {
      const refreshed = this.refresh();
      // Old keys serve until there are new ones: nobody waits.
      if (this.keys === undefined) await refreshed;
    }
    try {
      return await this.known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh();
      return this.known(header, token);
    }
  };

  /** One at a time, and not too often; never rejects. */
  private async refresh(): Promise<void> {
    if (this.loading === undefined && performance.now() - this.triedAt < COOLDOWN_MS) return;
    this.loading ??= this.load()
      .then(
        () => {
          this.outage.end();
        },
        (error: unknown) => {
          this.outage.begin(error instanceof Error ? error.message : String(error));
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
    const document = (await fetchJson(
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      this.tracer,
    )) as {
      issuer?: unknown;
      jwks_uri?: unknown;
    } | null;
    if (document?.issuer !== issuer) throw new Error('its discovery document is that of another issuer');
    const { jwks_uri: uri } = document;
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== new URL(issuer).protocol) {
      throw new Error('its discovery document names no jwks_uri that can be trusted');
    }
    this.keys = createLocalJWKSet((await fetchJson(uri, this.tracer)) as JSONWebKeySet);
    this.loadedAt = performance.now();
  }
}
