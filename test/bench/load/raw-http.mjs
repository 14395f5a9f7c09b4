import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';

const API = '/api/v1/';
const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const STATUS_AT = 9;
/** Bytes of an answer that are read at a time. */
const READ_BUFFER = 64 * 1024;

/** Builds a request as bytes, once, to be sent often. A `path` without a leading slash is a path of the API. */
export function rawRequest({ port, token }, method, path, body) {
  const text = Buffer.from(body === undefined ? '' : JSON.stringify(body));
  const head = [
    `${method} ${path.startsWith('/') ? path : API + path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${text.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), text]);
}

export function rawGet(target, path) {
  return rawRequest(target, 'GET', path);
}

export function rawPost(target, path, body) {
  return rawRequest(target, 'POST', path, body);
}

/** Placeholder in a request for the number that `numbered` inserts. */
export const NUMBER = '########';

/** Returns the request with this number. A request without `NUMBER` stays the same. */
export function numbered(request, number) {
  const at = request.indexOf(NUMBER);
  if (at === -1) return request;
  const copy = Buffer.from(request);
  copy.write(String(number).padStart(NUMBER.length, '0'), at, 'latin1');
  return copy;
}

/** One connection for one request at a time: a minimal client, which needs little CPU. */
export class RawConnection {
  #socket;
  #rest = Buffer.alloc(0);
  #onAnswer;

  /** `onAnswer` gets the status and this connection; `onFault` gets the error that broke it. */
  static async open(port, onAnswer, onFault) {
    const connection = new RawConnection();
    connection.#onAnswer = onAnswer;
    const buffer = Buffer.allocUnsafe(READ_BUFFER);
    const callback = (length) => connection.#receive(buffer.subarray(0, length));
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
    await once(socket, 'connect');
    socket.on('error', (error) => onFault(String(error)));
    socket.on('end', () => onFault('closed by the server'));
    connection.#socket = socket;
    return connection;
  }

  send(request) {
    this.#socket.write(request);
  }

  close() {
    this.#socket.destroy();
  }

  #receive(part) {
    const answer = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    if (!isWhole(answer)) {
      // Copied, because the buffer is used again.
      this.#rest = Buffer.from(answer);
      return true;
    }
    this.#rest = Buffer.alloc(0);
    this.#onAnswer(answer.latin1Slice(STATUS_AT, STATUS_AT + 3), this);
    return true;
  }
}

function isWhole(answer) {
  const headEnd = answer.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const bodyAt = headEnd + HEAD_END.length;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.latin1Slice(0, headEnd))?.[1];
  if (length !== undefined) return answer.length >= bodyAt + Number(length);
  return answer.length > bodyAt && answer.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}
