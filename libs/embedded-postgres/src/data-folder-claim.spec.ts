import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolderClaim, DataFolderInUseError } from './data-folder-claim.js';
import { lifeMark } from './process-identity.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claim-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('DataFolderClaim', () => {
  it('is held once, and free again after its release', async () => {
    const claim = await DataFolderClaim.take(folder);
    await expect(DataFolderClaim.take(folder)).rejects.toThrow(DataFolderInUseError);
    claim.release();
    (await DataFolderClaim.take(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of two starts within one process fails one', async () => {
    const results = await Promise.allSettled([DataFolderClaim.take(folder), DataFolderClaim.take(folder)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('respects the claim of a living process until that is killed', async () => {
    const holder = spawn('sleep', ['60'], { stdio: 'ignore' });
    writeFileSync(join(folder, `owner.${holder.pid}.${lifeMark(holder.pid ?? 0)}.lock`), '');
    await expect(DataFolderClaim.take(folder)).rejects.toThrow(`is in use by process ${holder.pid}`);
    expect(readdirSync(folder)).toHaveLength(1);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await DataFolderClaim.take(folder);
    expect(readdirSync(folder)).toEqual([`owner.${process.pid}.${lifeMark(process.pid)}.lock`]);
  });

  it('is not fooled by a pid that another process has now', async () => {
    const mark = lifeMark(process.ppid) ?? '';
    writeFileSync(
      join(folder, `owner.${process.ppid}.${mark.replace(/.$/, (digit) => (digit === '1' ? '2' : '1'))}.lock`),
      '',
    );
    await DataFolderClaim.take(folder);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

describe('lifeMark', () => {
  it('is the same as long as the process lives, and none after', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    expect(lifeMark(pid)).toMatch(/^[\w-]+$/);
    expect(lifeMark(pid)).toBe(lifeMark(pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lifeMark(pid)).toBeUndefined();
  });
});
