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
