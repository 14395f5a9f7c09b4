import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lifeMark } from './process-identity.js';

/** Another service, or this one, already runs its PostgreSQL in the data folder. */
export class DataFolderInUseError extends Error {
  constructor(
    readonly dataDir: string,
    readonly holder: number,
  ) {
    super(
      `The data folder ${dataDir} is in use by process ${holder}. ` +
        'Stop that process, give this one a folder of its own (DATA_DIR), or set DATABASE_URL.',
    );
    this.name = 'DataFolderInUseError';
  }
}

/** Milliseconds for which processes that start together try again; a claim that stays longer belongs to a running service. */
const CONTEND_FOR = 1_000;
const CLAIM = /^owner\.(\d+)\.([\w-]+)\.lock$/;

/**
 * The right to run PostgreSQL in a data folder. Node has no flock, so a claim is an empty file whose name says which
 * process made it: owner.<pid>.<life mark>.lock. It is valid only while that process lives: it ends at the moment at which
 * its owner is killed, and another process with the same pid does not make it valid again.
 *
 * A process first publishes its claim and then looks for others, so of two processes at least one sees the other, and never
 * both win. If both see each other, the one with the smaller name stays and the others withdraw.
 * Processes see each other only within one pid namespace: two containers must not share a data folder.
 */
export class DataFolderClaim {
  private constructor(private readonly path: string) {}

  /** @throws DataFolderInUseError after about a second. */
  static async take(dataDir: string): Promise<DataFolderClaim> {
    const mark = lifeMark(process.pid);
    if (mark === undefined) throw new Error('The system does not tell the start time of this process.');
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const own = `owner.${process.pid}.${mark}.lock`;
    const claim = new DataFolderClaim(join(dataDir, own));
    const until = performance.now() + CONTEND_FOR;
    for (let published = false; ;) {
      // The name belongs to this process. If it exists already, this is a second start in the same process.
      if (!published && !claim.publish()) throw new DataFolderInUseError(dataDir, process.pid);
      published = true;
      const rivals = livingClaims(dataDir).filter((rival) => rival.name !== own);
      const first = rivals[0];
      if (first === undefined) return claim;
      const late = performance.now() > until;
      if (late || rivals.some((rival) => rival.name < own)) {
        claim.release();
        published = false;
      }
      if (late) throw new DataFolderInUseError(dataDir, first.pid);
      await delay(20 + Math.random() * 40);
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
  }

  private publish(): boolean {
    try {
      closeSync(openSync(this.path, 'wx', 0o600));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }
}

/** Also removes the claims of dead processes: their names never come back. */
function livingClaims(dataDir: string): { name: string; pid: number }[] {
  return readdirSync(dataDir).flatMap((name) => {
    const [, pid, mark] = CLAIM.exec(name) ?? [];
    if (pid === undefined) return [];
    if (lifeMark(Number(pid)) === mark) return [{ name, pid: Number(pid) }];
    rmSync(join(dataDir, name), { force: true });
    return [];
  });
}
