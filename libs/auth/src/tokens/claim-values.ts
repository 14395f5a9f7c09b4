/** Client ids are kept as owners of Skills and in the audit log. */
const MAX_NAME = 255;
/** The end of the year 9999, in seconds: what a date can be. */
const MAX_TIME = 253_402_300_799;
const SPACE = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a claim is a time that can be kept: whole seconds since 1970. */
export function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME;
}

/** Whether a claim is a text that can be kept, and that is the same text after that. */
export function isText(value: unknown, maxLength = MAX_NAME): value is string {
  return typeof value === 'string' && value.length <= maxLength && value.isWellFormed();
}

/** Whether a claim can name a client, behind a prefix of so many characters. */
export function isSubject(value: unknown, prefix = 0): value is string {
  // PostgreSQL takes no NUL, and of half a surrogate pair two subjects would become one.
  return isText(value, MAX_NAME - prefix) && value !== '' && !/\p{Cc}/u.test(value);
}

/** Whether a claim is what a Space can be called. */
export function isSpaceName(value: unknown): value is string {
  return typeof value === 'string' && SPACE.test(value);
}
