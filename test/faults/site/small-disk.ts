import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotRunError } from '../scenario.js';

const CHUNK = Buffer.alloc(64 * 1024);

/** A small file system in memory that can be filled. */
export class SmallDisk {
  private constructor(private readonly mountPoint: string) {}

  /** @throws NotRunError if this user may not mount */
  static mount(mebibytes: number): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), 'ooder-disk-'));
    const { status, stderr, error } = spawnSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', folder],
      { encoding: 'utf8' },
    );
    if (status === 0) return new SmallDisk(folder);
    rmSync(folder, { recursive: true });
    throw new NotRunError(`a tmpfs cannot be mounted here, which needs root: ${error?.message ?? stderr.trim()}`);
  }

  folder(name: string): string {
    const path = join(this.mountPoint, name);
    mkdirSync(path);
    return path;
  }

  /** Fills it completely. Returns the number of bytes. */
  fill(): number {
    const file = openSync(this.ballast, 'w');
    let written = 0;
    try {
      for (;;) written += writeSync(file, CHUNK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      const { bavail, bsize } = statfsSync(this.mountPoint);
      if (bavail * bsize > CHUNK.length) throw new Error('The disk is not full', { cause: error });
      return written;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.ballast);
  }

  unmount(): void {
    const { status, stderr } = spawnSync('umount', [this.mountPoint], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    rmSync(this.mountPoint, { recursive: true });
  }

  private get ballast(): string {
    return join(this.mountPoint, 'ballast');
  }
}
