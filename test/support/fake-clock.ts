import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled } from './system-package.js';

const LIBRARY = join('faketime', 'libfaketimeMT.so.1');
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
const PACKAGES = ['libfaketime', 'faketime'];

/**
 * The wall clock of programs that are started with its `env`: tests set it while they run. The monotonic clock, and with
 * it every timer, goes on as ever, as when somebody sets the clock of a machine.
 */
export class FakeClock {
  readonly env: Record<string, string>;
  private readonly folder = mkdtempSync(join(tmpdir(), 'clock-test-'));
  private readonly file = join(this.folder, 'offset');

  constructor() {
    const library = ensureInstalled('libfaketime', findLibrary, PACKAGES);
    this.set(0);
    this.env = {
      // The C library's malloc before jemalloc's, which asks for the time before the time can be faked.
      LD_PRELOAD: `${library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** From now on it is so many seconds fast; slow, if negative. */
  set(seconds: number): void {
    const next = join(this.folder, 'next');
    writeFileSync(next, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    // Renames the file into place, so that no reader sees half of it.
    renameSync(next, this.file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** In a library folder, or in that of an architecture below it, as Debian has them. */
function findLibrary(): string | undefined {
  return LIBRARY_FOLDERS.filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
    .map((folder) => join(folder, LIBRARY))
    .find((path) => existsSync(path));
}
