import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';

/** Of the registry's public keys. */
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'];
/** The registry's keys could not be had; all other errors of jose say that the token is wrong. */
const UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

/** `x-ooder-caller` is not what the registry signs for this Skill. */
export class ForgedCallerError extends Error {}

/** Returns the client that calls; undefined if the header is missing, or if checking it needs a secret of the registry. */
export type CallerCheck = (header: string | undefined) => Promise<string | undefined>;

/**
 * Checks `x-ooder-caller` (docs/calling-skills.md) with the public keys of the registry, which jose keeps for ten minutes and fetches
 * again for a key that it does not know. `skillId`: the id that the registry gave, undefined before that. The check rejects
 * with ForgedCallerError, or with another error if it cannot tell now.
 */
export function createCallerCheck(registryUrl: string, skillId: () => string | undefined): CallerCheck {
  const keys = createRemoteJWKSet(new URL(`${registryUrl.replace(/\/api\/v1$/, '')}/.well-known/jwks.json`));
  return async (header) => {
    // A registry without a key pair: an older one, or one that can store no key.
    if (header === undefined || algorithmOf(header)?.startsWith('HS')) return undefined;
    const id = skillId();
    if (id === undefined) throw new Error('not registered yet');
    try {
      const { payload } = await jwtVerify(header, keys, { algorithms: ALGORITHMS, audience: `skill:${id}` });
      return payload.sub;
    } catch (error) {
      if (error instanceof errors.JOSEError && !UNREACHABLE.has(error.code)) throw new ForgedCallerError(error.message);
      throw error;
    }
  };
}

/** @throws ForgedCallerError */
function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    throw new ForgedCallerError('not a JWT');
  }
}
