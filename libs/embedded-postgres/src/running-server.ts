import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedUrl } from './embedded-url.js';

/** Lines of postmaster.pid, from 0. */
const PORT_LINE = 3;
const STATUS_LINE = 7;

/**
 * The URL of the server that another process runs in this data folder, as its postmaster.pid says; undefined while it
 * does not accept connections. Needs the rights of the account that the files belong to.
 */
export function runningServerUrl(dataDir: string): string | undefined {
  const lines = read(join(dataDir, 'postgres', 'postmaster.pid'))?.split('\n') ?? [];
  const password = read(join(dataDir, 'postgres-password'))?.trim();
  const port = Number(lines[PORT_LINE]);
  if (password === undefined || !(port > 0) || lines[STATUS_LINE]?.trim() !== 'ready') return undefined;
  return embeddedUrl({ password, port });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
