const FIRST_BYTES = 128;

/** A copy, so that an error does not keep a large buffer alive. */
export function firstBytes(body: Buffer): Buffer {
  return Buffer.from(body.subarray(0, FIRST_BYTES));
}
