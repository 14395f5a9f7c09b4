import { maskSecrets, urlFault } from '#common';
import { ENDPOINT_PROTOCOLS } from './endpoint.entity.js';
import { isMask } from '../secrets/index.js';
import type { CreateSkillBody } from './skill.dto.js';
import type { WarningResponse } from './warnings.js';

export const URL_MAX = 512;
/** Characters of a KEY in `query.KEY`. */
const MAX_KEY = 58;

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

/** Parameters of endpoints with this beginning become part of the query. */
export const QUERY_PREFIX = 'query.';

/** Appends the parameters `query.KEY` of an endpoint to the query of its URL, in the order of their keys. */
export function appendQuery(url: string, parameters: Readonly<Record<string, string>>): string {
  const added = Object.entries(parameters)
    .filter(([key]) => key.startsWith(QUERY_PREFIX))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key.slice(QUERY_PREFIX.length))}=${encodeURIComponent(value)}`);
  if (added.length === 0) return url;
  const called = new URL(url);
  called.search = [called.search.slice(1), ...added].filter(Boolean).join('&');
  return called.toString();
}

/** Names of parameters that usually hold a secret, without what separates their words. */
const SECRET_WORDS = /apikey|authkey|subscriptionkey|token|secret|passwo?r?d|passphrase|credential|signature/;
const SECRET_NAMES = new Set(['key', 'pwd', 'pass', 'auth', 'authorization', 'sig', 'jwt', 'session', 'sessionid']);

function looksSecret(name: string, value: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_WORDS.test(plain) || maskSecrets(value) !== value;
}

/** Warns of what looks like a secret in a query, because every reader of the Skill sees it. */
export function* warnOfSecretQueries({ endpoints }: Pick<CreateSkillBody, 'endpoints'>): Generator<WarningResponse> {
  for (const [index, { url, parameters = {} }] of endpoints.entries()) {
    const inUrl = url.includes('?') ? [...new URL(url).searchParams] : [];
    const plain = Object.entries(parameters).flatMap(([key, value]): [string, string][] =>
      key.startsWith(QUERY_PREFIX) && typeof value === 'string' && !isMask(value)
        ? [[key.slice(QUERY_PREFIX.length), value]]
        : [],
    );
    for (const [place, found] of [
      ['url', inUrl],
      ['parameters', plain],
    ] as const) {
      for (const [name, value] of found) {
        if (!looksSecret(name, value)) continue;
        yield {
          field: `endpoints.${index}.${place}`,
          reason: `"${name.slice(0, MAX_KEY)}" in the query can be read by every reader of the Skill: if it is a secret, write it as the parameter "${QUERY_PREFIX}${name.slice(0, MAX_KEY)}" with {"value": "...", "secret": true}`,
        };
      }
    }
  }
}
