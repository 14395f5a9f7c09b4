import { BadParameterError, type Fault } from './error-catalogue.js';

/**
 * 1001 where HTTP has a status of its own for what is wrong (RFC 9110 sections 15.5.6, 15.5.14 and 15.5.16), and the headers
 * that go with it.
 */
export class HttpRefusal extends BadParameterError {
  private constructor(
    private readonly httpStatus: 405 | 413 | 415,
    fault: Fault,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super([fault]);
  }

  override get status(): number {
    return this.httpStatus;
  }

  /** 405: the path has only these methods. */
  static wrongMethod(allowed: readonly string[]): HttpRefusal {
    const names = allowed.join(', ');
    return new HttpRefusal(
      405,
      { field: 'method', reason: `is not supported by this path: use ${names}` },
      { allow: names },
    );
  }

  /** 413: the body, decoded, has more than `limit` bytes. */
  static tooLarge(limit: number): HttpRefusal {
    return new HttpRefusal(413, { field: 'body', reason: `is too large: it may have ${limit} bytes` });
  }

  /** 415: the body must have one of these media types. */
  static wrongMediaType(accepted: readonly string[]): HttpRefusal {
    const reason = `has a media type that is not supported: send ${accepted.join(' or ')}`;
    return new HttpRefusal(415, { field: 'body', reason }, { accept: accepted.join(', ') });
  }

  /** 415: the body must have one of these content codings, or none. */
  static wrongCoding(accepted: readonly string[]): HttpRefusal {
    const reason = `is not supported: send one of ${accepted.join(', ')}, or none`;
    return new HttpRefusal(
      415,
      { field: 'header content-encoding', reason },
      { 'accept-encoding': accepted.join(', ') },
    );
  }
}
