/** The most that goes into one request. */
export interface RequestLimits {
  items: number;
  bytes: number;
}

/** Splits a list into requests. An item larger than `limits.bytes` gets a request of its own. */
export function* splitIntoRequests<T>(
  items: Iterable<T>,
  limits: RequestLimits,
  countBytes: (item: T) => number,
): Generator<T[]> {
  let request: T[] = [];
  let filled = 0;
  for (const item of items) {
    const bytes = countBytes(item);
    if (request.length > 0 && (request.length >= limits.items || filled + bytes > limits.bytes)) {
      yield request;
      request = [];
      filled = 0;
    }
    request.push(item);
    filled += bytes;
  }
  if (request.length > 0) yield request;
}
