import type { Dispatcher } from 'undici';
import { AnswerBody } from './answer-body.js';
import type { Deadline } from '../deadline.js';
import { MAX_INFORMATIONAL, outboundErrorOf, tooManyInformational } from '../faults.js';
import { OutboundError } from '../outbound-error.js';

/** A whole answer, whatever its status; redirects are answers. */
export interface OutboundAnswer {
  status: number;
  /** By lower-case name; those that come several times are lists. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came: nothing is decompressed. */
  body: Buffer;
  /** Whether the connection had served a request before. */
  reused: boolean;
}

/** The connection as one exchange sees it. */
export interface Carrier {
  readonly origin: string;
  /** Requests that the socket has served. */
  readonly served: number;
  /** Bytes that have come on the socket. */
  readonly bytesRead: number;
}

/** One request and its answer on a connection. Settles once. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<OutboundAnswer>;
  private resolve!: (answer: OutboundAnswer) => void;
  private reject!: (error: Error) => void;
  private readonly body: AnswerBody;
  private head: Pick<OutboundAnswer, 'status' | 'headers'> | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private reused = false;
  private bytesBefore = 0;
  private informational = 0;

  constructor(
    private readonly carrier: Carrier,
    private readonly maxResponseBytes: number,
    private readonly deadline: Deadline,
  ) {
    this.body = new AnswerBody(maxResponseBytes);
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    deadline.watch((error) => {
      if (this.controller) this.controller.abort(error);
      else this.reject(error);
    });
  }

  /** The connection stands, and the next thing that happens is the first byte on it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.deadline.error) {
      controller.abort(this.deadline.error);
      return;
    }
    this.controller = controller;
    this.reused = this.carrier.served > 0;
    this.bytesBefore = this.carrier.bytesRead;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: OutboundAnswer['headers']): void {
    if (status < 200) {
      this.informational += 1;
      if (this.informational > MAX_INFORMATIONAL) controller.abort(tooManyInformational(this.carrier.origin));
      return;
    }
    this.head = { status, headers };
    if (Number(headers['content-length']) > this.maxResponseBytes) controller.abort(this.tooLarge());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.body.append(chunk)) controller.abort(this.tooLarge());
  }

  onResponseEnd(): void {
    if (this.head) this.resolve({ ...this.head, body: this.body.toBuffer(), reused: this.reused });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (isFaultOfCaller(error)) {
      this.reject(new TypeError(error.message));
      return;
    }
    const sent = this.controller !== undefined;
    const answered = sent && this.carrier.bytesRead > this.bytesBefore;
    this.reject(outboundErrorOf(error, this.carrier.origin, { sent, reused: this.reused, answered }));
  }

  private tooLarge(): OutboundError {
    const text = `the answer is longer than ${this.maxResponseBytes} bytes`;
    return new OutboundError('too-large', text, { status: this.head?.status });
  }
}

/** A method or a header that HTTP does not know; nothing was sent. */
function isFaultOfCaller({ code }: NodeJS.ErrnoException): boolean {
  return code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED';
}
