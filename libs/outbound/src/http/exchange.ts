import type { Dispatcher } from 'undici';
import type { Deadline } from '../deadline.js';
import { type Destination, MAX_INFORMATIONAL, tooManyInformational, toOutboundError } from '../faults.js';
import { OutboundError } from '../outbound-error.js';
import { AnswerBody } from './answer-body.js';
import { firstBytes } from './first-bytes.js';

/** A complete response of any status. Redirects are returned, not followed. */
export interface OutboundAnswer {
  status: number;
  /** By lower-case name. A header that came several times is a list. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Decoded, but for SettingsClient. */
  body: Buffer;
}

/** What an exchange needs to know of its connection. */
interface Carrier extends Destination {
  /** Bytes received on the socket. */
  readonly bytesRead: number;
}

/** One request and its response on a connection. `answer` settles once, with an OutboundError on failure. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<OutboundAnswer>;
  private resolve!: (answer: OutboundAnswer) => void;
  private reject!: (error: Error) => void;
  private readonly body: AnswerBody;
  private head: Pick<OutboundAnswer, 'status' | 'headers'> | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private bytesBefore = 0;
  private informational = 0;
  private isTooLarge = false;

  constructor(
    private readonly connection: Carrier,
    private readonly maxResponseBytes: number,
    private readonly deadline: Deadline,
  ) {
    this.body = new AnswerBody(maxResponseBytes);
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    deadline.onEnd((error) => {
      if (this.controller) this.controller.abort(error);
      else this.reject(error);
    });
  }

  /** Called when the connection is open, just before the request is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.deadline.error) {
      controller.abort(this.deadline.error);
      return;
    }
    this.controller = controller;
    this.bytesBefore = this.connection.bytesRead;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: OutboundAnswer['headers']): void {
    if (status < 200) {
      this.informational += 1;
      if (this.informational > MAX_INFORMATIONAL) controller.abort(tooManyInformational(this.connection.origin));
      return;
    }
    this.head = { status, headers };
    // With the first bytes, which say what it is.
    this.isTooLarge = Number(headers['content-length']) > this.maxResponseBytes;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isTooLarge || !this.body.append(chunk)) {
      if (this.body.isEmpty) this.body.append(firstBytes(chunk));
      controller.abort(this.tooLarge());
    }
  }

  onResponseEnd(): void {
    if (this.head) this.resolve({ ...this.head, body: this.body.toBuffer() });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (isInvalidRequest(error)) {
      this.reject(new TypeError(error.message));
      return;
    }
    const sent = this.controller !== undefined;
    // Also if the connection has found it, which knows no status.
    if (error instanceof OutboundError && error.kind === 'too-large') error = this.withBegin(error);
    const answered = sent && this.connection.bytesRead > this.bytesBefore;
    this.reject(toOutboundError(error, this.connection, { sent, answered }));
  }

  private tooLarge(): OutboundError {
    return new OutboundError('too-large', `the response is longer than ${this.maxResponseBytes} bytes`);
  }

  private withBegin({ kind, message }: OutboundError): OutboundError {
    return new OutboundError(kind, message, { status: this.head?.status, begin: firstBytes(this.body.toBuffer()) });
  }
}

/** Whether undici refused to send the request: a method or a header that HTTP does not allow. */
function isInvalidRequest({ code }: NodeJS.ErrnoException): boolean {
  return code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED';
}
