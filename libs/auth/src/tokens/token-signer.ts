import { JwtService } from '@nestjs/jwt';
import type { SecuritySettings } from '#config';
import { decodeProtectedHeader, errors, type JSONWebKeySet, type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';
import {
  type HmacKey,
  toJwk,
  type KeyPair,
  type PublicKey,
  readCallerKey,
  readTokenKeys,
  type VerificationKey,
} from './token-keys.js';

export type Claims = Record<string, unknown>;

/**
 * Checks tokens of one key. `verify` accepts only the algorithm of the key, whatever the token's own header says (RFC
 * 8725 section 3.1), checks `exp` and `iat` (which must be there), `nbf`, `iss` and `aud`, and rejects with an error
 * when anything is wrong; with ExpiredTokenError when nothing is but `exp`.
 */
export interface TokenVerifier {
  verify(token: string): Promise<Claims>;
}

/** Signs and checks the tokens of this service. */
export interface TokenSigner extends TokenVerifier {
  /** The public keys (RFC 7517); none of shared secrets. */
  readonly jwks: JSONWebKeySet;
  /** For this service itself, or for another `audience`. */
  sign(claims: Claims, audience?: string): Promise<string>;
}

/** A token that has expired and is valid otherwise, so its owner is certain. */
export class ExpiredTokenError extends Error {
  constructor(readonly claims: Claims) {
    super('the token has expired');
  }
}

/** What every token must carry. */
export interface TokenScope {
  /** The `iss` of new tokens. */
  readonly issuer: string;
  readonly audience: string;
  /** Whether a token may have this `iss`. */
  accepts(issuer: unknown): boolean;
}

/** Seconds by which the clocks of two machines may differ. */
export const LEEWAY_S = 5;

/** HS256, HS384, HS512: one secret signs and checks. */
class HmacSigner implements TokenVerifier {
  private readonly jwt: JwtService;

  constructor(
    private readonly key: HmacKey,
    private readonly scope: TokenScope,
  ) {
    this.jwt = new JwtService({ secret: key.secret });
  }

  sign(claims: Claims, audience = this.scope.audience): Promise<string> {
    const { algorithm, kid } = this.key;
    return this.jwt.signAsync({ ...claims, iss: this.scope.issuer, aud: audience }, { algorithm, keyid: kid });
  }

  async verify(token: string): Promise<Claims> {
    const options = { algorithms: [this.key.algorithm], clockTolerance: LEEWAY_S, audience: this.scope.audience };
    try {
      return await this.jwt.verifyAsync<Claims>(token, options);
    } catch (error) {
      if ((error as Error).name !== 'TokenExpiredError') throw error;
      // The library looks at the audience after that.
      throw new ExpiredTokenError(await this.jwt.verifyAsync<Claims>(token, { ...options, ignoreExpiration: true }));
    }
  }
}

/** RS256, ES256, EdDSA: everybody with the public key can check ... */
class PublicKeyVerifier implements TokenVerifier {
  constructor(
    private readonly key: PublicKey,
    private readonly scope: TokenScope,
  ) {}

  async verify(token: string): Promise<Claims> {
    const { publicKey, algorithm } = this.key;
    const options = { algorithms: [algorithm], clockTolerance: LEEWAY_S, audience: this.scope.audience };
    try {
      return (await jwtVerify(token, publicKey, options)).payload;
    } catch (error) {
      // The library looks at the end last.
      throw error instanceof errors.JWTExpired ? new ExpiredTokenError(error.payload) : error;
    }
  }
}

/** ... and the private key signs. */
class KeyPairSigner extends PublicKeyVerifier {
  constructor(
    private readonly pair: KeyPair,
    private readonly own: TokenScope,
  ) {
    super(pair, own);
  }

  sign(claims: Claims, audience = this.own.audience): Promise<string> {
    const { privateKey, algorithm, kid } = this.pair;
    return new SignJWT({ ...claims, iss: this.own.issuer, aud: audience })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid } satisfies JWTHeaderParameters)
      .sign(privateKey);
  }
}

/**
 * The key that signs, and the previous keys. A token names its key by `kid`; a token without it belongs to the present key.
 * The rest of its header is ignored: the key decides the algorithm.
 */
class KeyRing implements TokenSigner {
  constructor(
    private readonly current: HmacSigner | KeyPairSigner,
    private readonly verifiers: ReadonlyMap<string, TokenVerifier>,
    private readonly scope: TokenScope,
    readonly jwks: JSONWebKeySet,
  ) {}

  sign(claims: Claims, audience?: string): Promise<string> {
    return this.current.sign(claims, audience);
  }

  async verify(token: string): Promise<Claims> {
    const { kid } = decodeProtectedHeader(token);
    const verifier = kid === undefined ? this.current : this.verifiers.get(kid);
    if (verifier === undefined) throw new Error('no key has this id');
    const claims = await this.verifyWith(verifier, token);
    // For the libraries, a token without an expiry never expires, and they do not check `iat`.
    if (typeof claims.exp !== 'number') throw new Error('the token has no expiry');
    if (typeof claims.iat !== 'number' || claims.iat > Date.now() / 1000 + LEEWAY_S) {
      throw new Error('the token was not issued before now');
    }
    return claims;
  }

  private async verifyWith(verifier: TokenVerifier, token: string): Promise<Claims> {
    try {
      return this.assertIssuer(await verifier.verify(token));
    } catch (error) {
      if (error instanceof ExpiredTokenError) this.assertIssuer(error.claims);
      throw error;
    }
  }

  private assertIssuer(claims: Claims): Claims {
    if (!this.scope.accepts(claims.iss)) throw new Error('the token has another issuer');
    return claims;
  }
}

/** The signer that the settings ask for. @throws SettingsError when there is no secret, or no key file that fits. */
export function createTokenSigner(settings: SecuritySettings, scope: TokenScope): TokenSigner {
  const { current, previous } = readTokenKeys(settings);
  const signer = isPublic(current) ? new KeyPairSigner(current, scope) : new HmacSigner(current, scope);
  // The present key comes last: if it is also among the previous keys, this entry is used.
  const verifiers = new Map<string, TokenVerifier>([
    ...previous.map((key) => [key.kid, createVerifier(key, scope)] as const),
    [current.kid, signer],
  ]);
  const shown = new Map([current, ...previous].filter(isPublic).map((key) => [key.kid, toJwk(key)]));
  return new KeyRing(signer, verifiers, scope, { keys: [...shown.values()] });
}

/** The signer of caller assertions: with its own key, which opens nothing here, or else that of access tokens. */
export function createCallerSigner(settings: SecuritySettings, scope: TokenScope, tokens: TokenSigner): TokenSigner {
  const pair = readCallerKey(settings);
  if (pair === undefined) return tokens;
  const signer = new KeyPairSigner(pair, scope);
  return new KeyRing(signer, new Map([[pair.kid, signer]]), scope, { keys: [toJwk(pair)] });
}

function createVerifier(key: VerificationKey, scope: TokenScope): TokenVerifier {
  return isPublic(key) ? new PublicKeyVerifier(key, scope) : new HmacSigner(key, scope);
}

function isPublic<T extends VerificationKey>(key: T): key is Extract<T, PublicKey> {
  return 'publicKey' in key;
}
