import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const ID_BYTES = 16;
/** Random bytes are drawn for so many ids at once: one call for each would be most of the cost. */
const random = new Uint8Array(256 * ID_BYTES);
let used = random.length;
let msecs = 0;
let seq = 0;

/** A UUID of version 7 (RFC 9562): later ones of this process are greater, as `uuid` makes them. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const bytes = random.subarray(used, (used += ID_BYTES));
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // 31 bits, so that there is room to count up.
    seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6) >>> 1;
  } else if ((seq = (seq + 1) | 0) === 0) msecs += 1;
  return v7({ random: bytes, msecs, seq });
}
