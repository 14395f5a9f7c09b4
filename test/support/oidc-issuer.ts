import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/** An OpenID provider over real HTTP, with keys that can be exchanged, and an end that can be played. */
export class OidcIssuer {
  /** How often each path was asked for. */
  readonly asked: Record<string, number> = {};
  /** Answers in place of what a provider answers, by path. */
  answers: Record<string, (response: ServerResponse) => void> = {};
  private readonly keys = new Map<string, { privateKey: PrivateKey; jwk: object }>();

  private constructor(
    private server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<OidcIssuer> {
    const server = await listen(0);
    const issuer = new OidcIssuer(server, (server.address() as AddressInfo).port);
    issuer.serve();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/realms/ooder`;
  }

  async addKey(kid: string, alg = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.keys.set(kid, { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
  }

  removeKey(kid: string): void {
    this.keys.delete(kid);
  }

  /** A token of a developer, good for a minute. */
  async token(claims: JWTPayload = {}, header: { kid?: string; alg?: string; typ?: string } = {}): Promise<string> {
    const { kid = 'one', alg = 'RS256' } = header;
    const typ = 'typ' in header ? header.typ : 'JWT';
    const now = Math.floor(Date.now() / 1000);
    const key = this.keys.get(kid)?.privateKey ?? (await generateKeyPair(alg)).privateKey;
    return new SignJWT({ iss: this.url, aud: 'ooder', sub: 'ann', role: 'viewer', iat: now, exp: now + 60, ...claims })
      .setProtectedHeader({ alg, kid, ...(typ !== undefined && { typ }) })
      .sign(key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async restart(): Promise<void> {
    this.server = await listen(this.port);
    this.serve();
  }

  private serve(): void {
    this.server.on('request', ({ url = '' }, response) => {
      const path = url.replace('/realms/ooder', '');
      this.asked[path] = (this.asked[path] ?? 0) + 1;
      const answer = this.answers[path];
      if (answer) answer(response);
      else if (path === '/.well-known/openid-configuration') {
        response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }));
      } else if (path === '/keys')
        response.end(JSON.stringify({ keys: [...this.keys.values()].map(({ jwk }) => jwk) }));
      else response.writeHead(404).end();
    });
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
