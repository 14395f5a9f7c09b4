import type { Test } from 'supertest';
import { ADMIN_SECRET, type TestApp } from '../support/test-app.js';

export interface Grant {
  access_token: string;
  refresh_token: string;
  scope: string;
}

export interface Account {
  clientId: string;
  secret: string;
}

export const ADMIN: Account = { clientId: 'admin', secret: ADMIN_SECRET };

/** Calls of one OAuth client to the authorization server, as a form with HTTP Basic. */
export class OAuthCalls {
  constructor(
    readonly app: TestApp,
    private readonly account: Account = ADMIN,
  ) {}

  post(path: string, form: Record<string, string>): Test {
    return this.app.http
      .post(`/api/v1/auth/${path}`)
      .type('form')
      .auth(this.account.clientId, this.account.secret)
      .send(form);
  }

  async grant(form: Record<string, string> = {}): Promise<Grant> {
    return (await this.post('token', { grant_type: 'client_credentials', ...form }).expect(200)).body as Grant;
  }

  refresh(refreshToken: string, form: Record<string, string> = {}): Test {
    return this.post('token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...form });
  }

  async refreshed(refreshToken: string, form: Record<string, string> = {}): Promise<Grant> {
    return (await this.refresh(refreshToken, form).expect(200)).body as Grant;
  }

  revoke(token: string): Test {
    return this.post('revoke', { token });
  }

  async introspect(token: string): Promise<Record<string, unknown>> {
    return (await this.post('introspect', { token }).expect(200)).body as Record<string, unknown>;
  }

  /** The status of a call with this access token. */
  async status(accessToken: string, app: TestApp = this.app): Promise<number> {
    return (await app.http.get('/api/v1/auth/me').auth(accessToken, { type: 'bearer' })).status;
  }

  /** What the audit log says of a client: actions, oldest first. */
  async audited(action?: string): Promise<string[]> {
    const rows = await this.app.database.query<{ action: string }>(
      `SELECT action FROM audit_entries WHERE action LIKE 'token.%' AND target = $1 AND actor = $2
       AND ($3::text IS NULL OR action = $3) ORDER BY created_at, id`,
      [`client:${this.account.clientId}`, this.account.clientId, action ?? null],
    );
    return rows.map((row) => row.action);
  }
}
