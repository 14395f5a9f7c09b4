import { createWriteStream, existsSync, linkSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';

/**
 * Makes a file that only its owner reads, and that appears when it is whole and on the disk. @throws Error when there is
 * one of that name
 */
export async function writeWhole<T>(path: string, write: (sink: Writable) => Promise<T>): Promise<T> {
  if (existsSync(path)) throw new Error(`${path} exists: choose another name, or move it away.`);
  const draft = `${path}.partial-${process.pid}`;
  const file = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
  const closed = finished(file);
  // Whoever waits for it below, or for a write, is told.
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
    // It may just be opening: removed before that, it would come to be afterwards, and stay.
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
