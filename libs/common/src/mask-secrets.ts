/** Replaces a secret. */
export const REDACTED = '[redacted]';

/**
 * Credentials inside a text: of a URL, of an Authorization header, of a query string or form, API keys, signing secrets of
 * webhooks, refresh tokens, JWTs, and client secrets, which have no prefix: 256 bits in base64url. The time of each pattern is
 * in proportion to the length of the text, whatever it contains. Percent-encoded characters inside a secret are masked with
 * it; otherwise its second half would not be recognised.
 */
const SECRET_TEXTS: readonly { hint: string; pattern: RegExp; replacement: string }[] = [
  {
    hint: '://',
    pattern: /([a-z][a-z0-9+.-]{0,19}:\/\/[^\s/?#@:]{0,256}):[^\s/?#]{0,1024}@/gi,
    replacement: '$1:***@',
  },
  { hint: ' ', pattern: /\b(Bearer|Basic) +[\w.~+/=%-]{8,}/gi, replacement: `$1 ${REDACTED}` },
  { hint: '=', pattern: /((?:api_?key|password|secret|token)=)[^&\s"',;]+/gi, replacement: `$1${REDACTED}` },
  { hint: 'osk_', pattern: /(?<![A-Za-z0-9])osk_[\w-]{20,}(?:[\w-]|%[\da-f]{2})*/gi, replacement: REDACTED },
  { hint: 'whsec_', pattern: /(?<![A-Za-z0-9])whsec_[\w+/=-]{20,}(?:[\w+/=-]|%[\da-f]{2})*/gi, replacement: REDACTED },
  {
    hint: '-',
    pattern: /\b([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})\.[\w-]{20,}(?:[\w-]|%[\da-f]{2})*/gi,
    replacement: `$1.${REDACTED}`,
  },
  {
    hint: 'eyJ',
    pattern: /(?<![A-Za-z0-9])eyJ[\w-]{10,512}\.[\w-]{10,4096}\.(?:[\w-]|%[\da-fA-F]{2})*/g,
    replacement: REDACTED,
  },
  {
    hint: '',
    // One secret in 7,000 has no digit, hyphen or underscore, like names of functions in a stack trace.
    pattern: /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*[\d_-])[\w-]{43}(?![\w-])/g,
    replacement: REDACTED,
  },
];
/** The shortest text that the last pattern could find something in. */
const CLIENT_SECRET = 43;
/** Times that a text may have been percent-encoded. */
const MAX_ENCODINGS = 3;

/** Characters of the shortest secret that is known by its value: a shorter one would be found in words. */
const SHORTEST_VALUE = 12;
const values = new Set<string>();

/** Secrets that an operator chose have no pattern: from now on, those of the settings are found by their value. */
export function maskValues(secrets: readonly (string | undefined)[]): void {
  for (const secret of secrets) if (secret !== undefined && secret.length >= SHORTEST_VALUE) values.add(secret);
}

/** Masks credentials, found by their pattern or by `maskValues`. If one was percent-encoded, the text is returned decoded. */
export function maskSecrets(text: string): string {
  let result = text;
  let decoded = text;
  for (let times = 0; times <= MAX_ENCODINGS; times += 1) {
    const masked = maskPlain(decoded);
    if (masked !== decoded) result = masked;
    if (!masked.includes('%')) break;
    decoded = decodeAscii(masked);
  }
  return result;
}

function maskPlain(text: string): string {
  let plain = text;
  for (const value of values) if (plain.includes(value)) plain = plain.replaceAll(value, REDACTED);
  return SECRET_TEXTS.reduce((masked, { hint, pattern, replacement }) => {
    // For speed: most texts hold no secret, and every value of every log line passes here.
    const isPossible = hint === '' ? masked.length >= CLIENT_SECRET : masked.includes(hint);
    return isPossible ? masked.replace(pattern, replacement) : masked;
  }, plain);
}

/** Printable ASCII only: credentials are made of nothing else. What is not well-formed stays as it is. */
function decodeAscii(text: string): string {
  return text.replace(/%([2-7][\da-f])/gi, (encoded, digits: string) =>
    digits.toLowerCase() === '7f' ? encoded : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
