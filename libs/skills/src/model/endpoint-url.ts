import { maskSecrets, urlFault } from '#common';
import { ENDPOINT_PROTOCOLS } from './endpoint.entity.js';

export const URL_MAX = 512;

/** Why a value is no valid endpoint URL, or undefined (AI Bridge v0.6.0, data model: skill_endpoints.url). */
export function endpointUrlFault(value: unknown): string | undefined {
  return urlFault(value, { schemes: ENDPOINT_PROTOCOLS, max: URL_MAX });
}

/** The scheme of a valid URL, in lower case. */
export function readScheme(url: string): string {
  return url.slice(0, url.indexOf(':')).toLowerCase();
}

/** Appends a path to the URL of an endpoint. The query of the endpoint comes first, then the query of the path. */
export function urlBelow(endpointUrl: string, path: string): string {
  const url = new URL(endpointUrl);
  const [below = '', ...queries] = path.split('?');
  url.pathname = url.pathname.replace(/\/+$/, '') + (below.startsWith('/') ? below : `/${below}`);
  url.search = [url.search.slice(1), queries.join('?')].filter(Boolean).join('&');
  return url.toString();
}

/** Names of parameters that usually hold a secret, without what separates their words. */
const SECRET_NAME = /(apikey|authkey|subscriptionkey|token|secret|passw(or)?d|passphrase|credential|signature)/;
const SECRET_NAMES = new Set(['key', 'pwd', 'pass', 'auth', 'authorization', 'sig', 'jwt', 'session', 'sessionid']);

/** Warns of secrets in the query of a URL, which every reader of the Skill sees. */
export function* warnOfSecretQueries({
  endpoints,
}: {
  endpoints: readonly { url: string }[];
}): Generator<{ field: string; reason: string }> {
  for (const [index, { url }] of endpoints.entries()) {
    if (!url.includes('?')) continue;
    for (const [name, value] of new URL(url).searchParams) {
      const plain = name.toLowerCase().replace(/[^a-z]/g, '');
      if (!SECRET_NAMES.has(plain) && !SECRET_NAME.test(plain) && maskSecrets(value) === value) continue;
      yield {
        field: `endpoints.${index}.url`,
        reason: `its query has ${JSON.stringify(name.slice(0, 64))}, which every reader of the Skill can see: if it is a secret, write it as the parameter "query.${name.slice(0, 58)}" with {"value": "...", "secret": true}`,
      };
    }
  }
}
