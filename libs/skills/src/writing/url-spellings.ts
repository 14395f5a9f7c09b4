import { UrlSpellings } from '#common';
import type { EndpointBody } from '../model/endpoint.dto.js';

/**
 * One URL has one spelling in a Skill: that of the endpoint that it has, or else the first of the bodies (docs/adr/0045).
 * Returns the bodies with these spellings; a body without another spelling is returned itself.
 */
export function useSpellings<T extends { endpoints: EndpointBody[] }>(
  bodies: readonly T[],
  stored: Iterable<string> = [],
): T[] {
  const spellings = new UrlSpellings(stored);
  const spell = (endpoint: EndpointBody): EndpointBody => {
    const url = spellings.find(endpoint.url);
    if (url === undefined) spellings.add(endpoint.url);
    return url === undefined || url === endpoint.url ? endpoint : { ...endpoint, url };
  };
  return bodies.map((body) => {
    const endpoints = body.endpoints.map(spell);
    return endpoints.every((endpoint, index) => endpoint === body.endpoints[index]) ? body : { ...body, endpoints };
  });
}
