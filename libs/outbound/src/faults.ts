import { errors } from 'undici';
import { describeCertificateFault } from './certificate-faults.js';
import { OutboundError, type OutboundFault } from './outbound-error.js';

/** Informational responses (1xx) that are taken for one request. */
export const MAX_INFORMATIONAL = 16;

export function tooManyInformational(origin: string): OutboundError {
  return new OutboundError('malformed', `more than ${MAX_INFORMATIONAL} informational responses from ${origin}`);
}

/** How far a request came before it failed. */
export interface Progress {
  sent: boolean;
  /** Whether a byte of the response came. */
  answered: boolean;
}

/** Where a call went. */
export interface Destination {
  readonly origin: string;
  /** How to trust its certificate. */
  readonly trustAdvice: string;
}

/** Translates an error of a socket or of the HTTP parser. */
export function toOutboundError(
  cause: unknown,
  { origin, trustAdvice }: Destination,
  { sent, answered }: Progress,
): OutboundError {
  if (cause instanceof OutboundError) {
    if (!sent) return cause;
    const { kind, message, cause: origin, status, begin } = cause;
    return new OutboundError(kind, message, { cause: origin, sent, status, begin });
  }
  const certificate = describeCertificateFault(cause, trustAdvice);
  if (certificate !== undefined) {
    return new OutboundError('untrusted', `no connection to ${origin}: ${certificate}`, { cause, certificate, sent });
  }
  const reason = describeCause(cause);
  if (!sent) return new OutboundError('refused', `no connection to ${origin} (${reason})`, { cause });
  const kind = classify(cause, answered);
  return new OutboundError(kind, `${MESSAGES[kind]} ${origin} (${reason})`, { cause, sent });
}

type Broken = Extract<OutboundFault, 'malformed' | 'broken-answer' | 'reset-before-answer'>;

const MESSAGES: Record<Broken, string> = {
  malformed: 'invalid HTTP response from',
  'broken-answer': 'incomplete response from',
  'reset-before-answer': 'connection closed before a response from',
};

function classify(cause: unknown, answered: boolean): Broken {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  // The parser also throws when the connection closes in the middle of a chunked body.
  if (cause instanceof errors.HTTPParserError) return message.includes('Invalid EOF') ? 'broken-answer' : 'malformed';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_')) return 'malformed';
  // A failed WebSocket handshake, such as a wrong Sec-WebSocket-Accept.
  if (code === '' && answered) return 'malformed';
  // undici's words for an upgrade that was not asked for, and for a second response to one request.
  if (message === 'bad upgrade' || message === 'bad response') return 'malformed';
  return answered ? 'broken-answer' : 'reset-before-answer';
}

/** Prefers the code to the message: a message may contain an internal address. */
function describeCause(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'UND_ERR_SOCKET' || cause instanceof errors.HTTPParserError) return message;
  return code ?? 'unknown error';
}
