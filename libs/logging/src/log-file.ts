import { close, constants, fstat, mkdirSync, open as openFile, openSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
/**
 * A named pipe without a reader is an error (ENXIO), where opening would otherwise wait for one; a full one is EAGAIN, where a
 * write would otherwise keep a thread, and the process with it, until somebody reads.
 */
const APPENDING = O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK;

/** Opens a file to append to without blocking, and makes its folder. @throws Error of the file system */
export function openLogFile(file: string): number {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, APPENDING, 0o666);
}

/** Opens it again without blocking: a network disk that does not answer must not stop the service. */
export async function reopenLogFile(file: string): Promise<number> {
  const path = resolve(file);
  await mkdir(dirname(path), { recursive: true });
  return promisify(openFile)(path, APPENDING, 0o666);
}

/** Whether this open file has no name any more: what is written to it is lost. Never rejects. */
export async function isRemoved(fd: number, file: string): Promise<boolean> {
  const opened = await promisify(fstat)(fd).catch(() => undefined);
  if (opened === undefined || opened.nlink > 0) return false;
  // Some file systems count no links at all.
  const named = await stat(resolve(file)).catch(() => undefined);
  return named?.ino !== opened.ino;
}

/** Never rejects. */
export async function closeQuietly(fd: number | undefined): Promise<void> {
  if (fd !== undefined) await promisify(close)(fd).catch(() => undefined);
}
