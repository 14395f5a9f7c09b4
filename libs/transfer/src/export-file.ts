import { createWriteStream, existsSync, linkSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';

/**
 * Writes a file that only its owner can read. It gets its name when it is complete and on the disk. @throws Error if there
 * is a file of this name
 */
export async function writeWhole<T>(path: string, write: (sink: Writable) => Promise<T>): Promise<T> {
  if (existsSync(path)) throw new Error(`${path} exists: choose another name, or move it away.`);
  const draft = `${path}.partial-${process.pid}`;
  const file = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
  const closed = finished(file);
  // The waits below, and writes, report this error. Without a handler here it could end the process earlier.
  closed.catch(() => undefined);
  try {
    const result = await Promise.race([
      write(file),
      closed.then(() => Promise.reject(new Error(`${path} was closed`))),
    ]);
    file.end();
    await closed;
    linkSync(draft, path);
    return result;
  } finally {
    // The file may still be opening: if it were removed before that, it would be created afterwards and stay.
    await closing(file);
    rmSync(draft, { force: true });
  }
}

function closing(file: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (file.closed) resolve();
    else file.once('close', resolve).destroy();
  });
}
