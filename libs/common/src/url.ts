import { textFault } from './text.js';

/** What an address must be. */
export interface UrlTerms {
  /** Two at least, in lower case. */
  schemes: readonly string[];
  /** Code points. */
  max: number;
}

/** Why a value is not a valid URL to store, or undefined. Its address is checked when it is called. */
export function urlFault(value: unknown, { schemes, max }: UrlTerms): string | undefined {
  const fault = textFault(value, 1, max);
  if (fault !== undefined) return fault;
  const text = value as string;
  const url = parsed(text);
  // The parser forgives spaces and "http:host"; others that read the URL will not.
  if (!url || !/^[a-z]+:\/\/[^\s\\]+$/i.test(text) || !schemes.includes(url.protocol.slice(0, -1))) {
    return `must be a valid ${schemes.slice(0, -1).join(', ')} or ${schemes.at(-1)} URL`;
  }
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (url.hash !== '') return 'must not hold a fragment';
  return undefined;
}

/** `URL.parse`, which Node has since 22. */
function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
