/** How much goes into one request. */
export interface RequestLimits {
  items: number;
  bytes: number;
}

/** Cuts a list into requests; an item that is larger than a request goes alone. */
export function* requestsOf<T>(
  items: Iterable<T>,
  limits: RequestLimits,
  bytesOf: (item: T) => number,
): Generator<T[]> {
  let request: T[] = [];
  let filled = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
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
