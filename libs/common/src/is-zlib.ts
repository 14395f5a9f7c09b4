/** Whether bytes begin as a zlib stream (RFC 1950 section 2.2). Some senders of `deflate` send the bare stream. */
export function isZlib(body: Buffer): boolean {
  const [method = 0, flags = 0] = body;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}
