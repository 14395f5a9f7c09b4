import { SingleFlight } from '#common';
import type { AiBridgeSettings } from '#config';
import { readToken } from './upstream-answers.js';
import { UpstreamError, type UpstreamHttp } from './upstream-http.js';

type CredentialSettings = Pick<AiBridgeSettings, 'apiKey' | 'clientId' | 'clientSecret'>;

/** A token is replaced this many milliseconds before it expires, or a tenth of its lifetime if that is shorter. */
const EARLY_MS = 30_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

interface HeldToken {
  token: string;
  /** Time by `performance.now()`. */
  until: number;
}

/** Credentials for the upstream registry: an API key, a client of its token endpoint (RFC 6749), or none. */
export class UpstreamCredentials {
  private held: HeldToken | undefined;
  private readonly fetching = new SingleFlight(() => this.fetch());

  constructor(
    private readonly settings: CredentialSettings,
    private readonly tokenUrl: string,
    private readonly http: UpstreamHttp,
  ) {}

  /** Returns the headers with the credentials. @throws UpstreamError if it gets no token */
  async headers(): Promise<Record<string, string>> {
    const { apiKey, clientId, clientSecret } = this.settings;
    if (apiKey !== undefined) return { 'x-api-key': apiKey };
    if (clientId === undefined || clientSecret === undefined) return {};
    return { authorization: `Bearer ${await this.token()}` };
  }

  /** Drops the token that was refused. Returns whether to retry with a new token. */
  drop({ authorization }: Record<string, string>): boolean {
    if (authorization === undefined) return false;
    // If many calls were refused at once, only the first one drops the token.
    if (authorization === `Bearer ${this.held?.token}`) this.held = undefined;
    return true;
  }

  /** Removes secrets of this service from a text of the upstream registry. */
  mask(text: string): string {
    const secrets = [this.settings.apiKey, this.settings.clientSecret, this.held?.token];
    return secrets.reduce<string>((masked, secret) => (secret ? masked.replaceAll(secret, '***') : masked), text);
  }

  private async token(): Promise<string> {
    if (this.held && performance.now() < this.held.until) return this.held.token;
    this.held = await this.fetching.run();
    return this.held.token;
  }

  private async fetch(): Promise<HeldToken> {
    const { clientId = '', clientSecret = '' } = this.settings;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    });
    const { status, body, retryAfter } = await this.http.post(this.tokenUrl, form, FORM);
    if (status === 429 || status === 503) {
      throw new UpstreamError(`it answers ${status} to the request for a token`, undefined, retryAfter);
    }
    // The message of the answer is left out, because it may contain the secret.
    if (status >= 400) throw refusedCredentials(status);
    const token = status < 300 ? readToken(body) : undefined;
    if (!token) throw new UpstreamError('its answer to the request for a token contains no token');
    const { lifetime } = token;
    return { token: token.token, until: performance.now() + lifetime - Math.min(EARLY_MS, lifetime / 10) };
  }
}

export function refusedCredentials(status: number): UpstreamError {
  return new UpstreamError(
    `it refuses the credentials (${status}): check AI_BRIDGE_API_KEY, or AI_BRIDGE_CLIENT_ID and AI_BRIDGE_CLIENT_SECRET`,
    'the upstream registry refuses the credentials',
  );
}
