import { maskSecrets } from '#common';
import { isMask } from '../secrets/index.js';
import { QUERY_PREFIX } from './endpoint-url.js';
import type { CreateSkillBody } from './skill.dto.js';
import type { WarningResponse } from './warning.response.js';

/** Characters of a KEY in `query.KEY`. */
const MAX_KEY = 58;

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
