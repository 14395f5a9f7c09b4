import { errors } from 'undici';
import { OutboundError, type OutboundFault } from './outbound-error.js';

/** Informational answers (1xx) to one request; they cost work, and nobody makes use of them. */
export const MAX_INFORMATIONAL = 16;

export function tooManyInformational(origin: string): OutboundError {
  return new OutboundError('malformed', `${origin} sends informational answers without an end`);
}

/** What is known of a request when it fails. */
export interface Progress {
  sent: boolean;
  reused: boolean;
  /** Whether a byte of the answer came. */
  answered: boolean;
}

/** What the fault of a socket or of the HTTP parser means for the caller. */
export function outboundErrorOf(cause: unknown, origin: string, { sent, reused, answered }: Progress): OutboundError {
  if (cause instanceof OutboundError) {
    return sent
      ? new OutboundError(cause.kind, cause.message, { cause: cause.cause, sent, reused, status: cause.status })
      : cause;
  }
  const reason = reasonOf(cause);
  if (!sent) return new OutboundError('refused', `no connection to ${origin} (${reason})`, { cause });
  const kind = kindOf(cause, answered);
  return new OutboundError(kind, `${TOLD[kind]} ${origin} (${reason})`, { cause, sent, reused });
}

type Broken = Extract<OutboundFault, 'malformed' | 'broken-answer' | 'reset-before-answer'>;

const TOLD: Record<Broken, string> = {
  malformed: 'it is not HTTP what came from',
  'broken-answer': 'the answer broke off of',
  'reset-before-answer': 'no answer came, and the connection ended, of',
};

function kindOf(cause: unknown, answered: boolean): Broken {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  // To the parser, an end in the middle of a body of chunks is a fault as well.
  if (cause instanceof errors.HTTPParserError) return message.includes('Invalid EOF') ? 'broken-answer' : 'malformed';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_')) return 'malformed';
  // A handshake that is none (Sec-WebSocket-Accept and the like).
  if (code === '' && answered) return 'malformed';
  // An upgrade that nobody asked for, a second answer to one request.
  if (message === 'bad upgrade' || message === 'bad response') return 'malformed';
  return answered ? 'broken-answer' : 'reset-before-answer';
}

/** A code where there is one: messages may hold addresses that are nobody's business. */
export function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'UND_ERR_SOCKET' || cause instanceof errors.HTTPParserError) return message;
  return code ?? 'unknown fault';
}
