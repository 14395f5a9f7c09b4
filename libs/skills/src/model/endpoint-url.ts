import { urlFault } from '#common';
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
