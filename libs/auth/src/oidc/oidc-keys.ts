import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { isObject, readForeignJson } from '#common';
import { type OidcSettings, oidcSettings } from '#config';
import { OutboundClient, SettingsClient } from '#outbound';
import { PeriodicService } from '#scheduling';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** A key that was withdrawn ends within a minute. */
const MAX_AGE_MS = 30_000;
/** Between two requests that tokens cause: tokens with made-up key ids must not flood the issuer. */
const COOLDOWN_MS = 10_000;
/** Milliseconds and bytes of each of the two answers. */
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 262_144;

type Header = Parameters<JWTVerifyGetKey>[0];
type Token = Parameters<JWTVerifyGetKey>[1];

/** The keys that the issuer has at a time. */
export interface KeySet {
  /** False once the issuer has other keys: a token that was verified with these must be verified again. */
  isCurrent: boolean;
  readonly find: JWTVerifyGetKey;
  /** The document of the issuer. */
  readonly text: string;
}

/**
 * The public keys of the identity provider, found by its discovery document (OpenID Connect Discovery 1.0). Once a token
 * has needed them they are read again every 30 s, and when a token names a key that is not among them. While the issuer
 * does not answer, the last ones stay valid. Why this is not jose's remote key set: docs/adr/0039.
 */
@Injectable()
export class OidcKeys extends PeriodicService {
  private keys: KeySet | undefined;
  private isNeeded = false;
  private askedAt = -Infinity;

  constructor(
    @Inject(oidcSettings.KEY) private readonly settings: OidcSettings,
    scheduler: SchedulerRegistry,
    private readonly own: SettingsClient,
    private readonly foreign: OutboundClient,
  ) {
    super(scheduler, {
      name: 'oidc-keys',
      everyMs: settings.issuer === undefined ? 0 : MAX_AGE_MS,
      context: 'auth',
      subject: 'The issuer SECURITY_OIDC_ISSUER',
    });
  }

  /** The key for a token with this header, and the set that it is of. @throws Error when there is none */
  async find(header: Header, token: Token): Promise<{ key: Awaited<ReturnType<JWTVerifyGetKey>>; set: KeySet }> {
    if (this.keys === undefined) await this.refresh();
    try {
      return await findIn(this.keys, header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh();
      return findIn(this.keys, header, token);
    }
  }

  protected async work(): Promise<void> {
    if (!this.isNeeded) return;
    // Tokens that need a key meanwhile wait for this run.
    this.askedAt = -Infinity;
    try {
      await this.load();
    } finally {
      this.askedAt = performance.now();
    }
  }

  /** Never rejects. */
  private async refresh(): Promise<void> {
    this.isNeeded = true;
    if (performance.now() - this.askedAt >= COOLDOWN_MS) await this.job.run();
  }

  private async load(): Promise<void> {
    const { issuer = '' } = this.settings;
    const found = await this.fetch(this.own, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (found.json.issuer !== issuer) throw new Error('its discovery document is that of another issuer');
    const { jwks_uri: uri } = found.json;
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== new URL(issuer).protocol) {
      throw new Error('its discovery document names no jwks_uri that can be trusted');
    }
    // No setting names this host: it is called under the rules for registered addresses.
    const isOwn = new URL(uri).hostname === new URL(issuer).hostname;
    const { json, text } = await this.fetch(isOwn ? this.own : this.foreign, uri);
    if (this.keys?.text === text) return;
    const find = createLocalJWKSet(json as unknown as JSONWebKeySet);
    if (this.keys !== undefined) this.keys.isCurrent = false;
    this.keys = { isCurrent: true, find, text };
  }

  /** JSON of bounded size in bounded time; no redirect is followed. @throws Error that quotes nothing of the answer */
  private async fetch(calls: SettingsClient | OutboundClient, url: string): Promise<Answer> {
    const { status, body } = await calls.request({
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_BYTES,
    });
    if (status !== 200) throw new Error(`it answers with status ${status}`);
    const json = readForeignJson(body).value;
    if (!isObject(json)) throw new Error('it answers no JSON object');
    return { json, text: body.toString('utf8') };
  }
}

interface Answer {
  json: Record<string, unknown>;
  text: string;
}

async function findIn(set: KeySet | undefined, header: Header, token: Token) {
  if (set === undefined) throw new Error('the keys of the issuer are not known');
  return { key: await set.find(header, token), set };
}
