import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../test/support/until.js';
import { LineDestination } from './line-destination.js';

describe('LineDestination', () => {
  let folder: string;
  let warnings: string[];
  const warn = (text: string): void => void warnings.push(text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ooder-log-'));
    warnings = [];
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('writes everything, in order, with few writes', async () => {
    const file = join(folder, 'app.log');
    const destination = LineDestination.file('LOG_FILE', file, warn);
    let expected = '';
    for (let i = 0; i < 20_000; i += 1) {
      const line = `${i} ${'é'.repeat(50)}\n`;
      expected += line;
      destination.write(line);
      if (i % 5000 === 0) await sleep(1);
    }
    await destination.close();
    expect(readFileSync(file, 'utf8')).toBe(expected);
    expect(warnings).toEqual([]);
  });

  it('has written what waited when flushSync returns', async () => {
    const file = join(folder, 'app.log');
    const destination = LineDestination.file('LOG_FILE', file, warn);
    destination.write('under way\n');
    destination.write('waiting\n');
    destination.flushSync();
    expect(readFileSync(file, 'utf8')).toContain('waiting\n');
    await destination.close();
    expect(readFileSync(file, 'utf8').split('\n').sort()).toEqual(['', 'under way', 'waiting']);
  });

  // A device whose every write fails with ENOSPC; Linux only.
  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('goes on with a full disk: one warning, no error, a flush and an end that end', async () => {
    const destination = LineDestination.file('LOG_FILE', '/dev/full', warn);
    for (let i = 0; i < 10; i += 1) {
      destination.write('line\n');
      await sleep(1);
    }
    expect(warnings).toEqual([expect.stringMatching(/^cannot write the log to \/dev\/full: ENOSPC/)]);
    const started = performance.now();
    destination.flushSync();
    await destination.close();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  onLinux('keeps a bounded amount of memory when nothing can be written', async () => {
    const destination = LineDestination.file('LOG_FILE', '/dev/full', warn);
    const line = `${'x'.repeat(1024 * 1024)}\n`;
    for (let i = 0; i < 40; i += 1) destination.write(line);
    await sleep(5);
    expect(Reflect.get(destination, 'bytes')).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(Reflect.get(destination, 'dropped')).toBeGreaterThan(0);
    // Of the 40 lines, the first is being written and 15 and a bit fill the memory.
    expect(destination.droppedLines).toBeGreaterThanOrEqual(20);
    expect(destination.droppedLines).toBeLessThan(40);
    await destination.close();
  });

  onLinux('says once that nobody reads a named pipe, and writes again once somebody does', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // Both ends, so that opening does not wait.
    const reader = openSync(pipe, constants.O_RDWR);
    const destination = LineDestination.file('LOG_FILE', pipe, warn);
    destination.write('one\n');
    await until(() => destination.failedWrites === 0 && Reflect.get(destination, 'current') === undefined);
    closeSync(reader);
    for (let n = 0; n < 50; n += 1) {
      destination.write('two\n');
      await sleep(10);
    }
    expect(warnings).toEqual([expect.stringMatching(/^cannot write the log to .*: EPIPE/)]);
    // No attempt for each line.
    expect(destination.failedWrites).toBeLessThan(10);
    const again = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    await until(() => !destination.isFailing);
    await destination.close();
    expect(readFileSync(again, 'utf8')).toContain('two\n');
    expect(warnings).toHaveLength(2);
    closeSync(again);
  });

  onLinux('ends although nobody reads a named pipe that is full', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const destination = LineDestination.file('LOG_FILE', pipe, warn);
    // More than a pipe holds, so that a write that waits for the reader would never end.
    for (let n = 0; n < 200; n += 1) destination.write(`${'x'.repeat(1024)}\n`);
    await until(() => Reflect.get(destination, 'current') !== undefined);
    const started = performance.now();
    await destination.close();
    destination.write('after the end\n');
    expect(performance.now() - started).toBeLessThan(1000);
    closeSync(reader);
  });

  onLinux('does not wait for a reader of a named pipe to open it', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => LineDestination.file('LOG_FILE', pipe, warn)).toThrow(/cannot be opened for writing: .*ENXIO/);
  });

  onLinux('makes a file again that was removed, and says so once', async () => {
    const logs = join(folder, 'logs');
    const file = join(logs, 'app.log');
    const destination = LineDestination.file('LOG_FILE', file, warn);
    for (let n = 0; n < 3; n += 1) {
      rmSync(logs, { recursive: true });
      destination.write(`${n}\n`);
      await until(() => existsSync(file) && readFileSync(file, 'utf8') === `${n}\n`);
    }
    expect(warnings).toEqual(new Array(3).fill(expect.stringContaining('was removed')));
    await destination.close();
  });

  onLinux('stays with the old file when the new one cannot be opened, and leaves no descriptor open', async () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const logs = join(folder, 'logs');
    const file = join(logs, 'app.log');
    const destination = LineDestination.file('LOG_FILE', file, warn);
    destination.write('one\n');
    renameSync(file, join(folder, 'old.log'));
    rmSync(logs, { recursive: true });
    // A file where the folder was.
    await LineDestination.file('LOG_FILE', logs, warn).close();
    destination.reopen();
    destination.write('two\n');
    await sleep(10);
    expect(warnings).toEqual([expect.stringContaining('the log goes on in the old file')]);
    rmSync(logs);
    for (let i = 0; i < 5; i += 1) destination.reopen();
    destination.write('three\n');
    await destination.close();
    expect(readFileSync(join(folder, 'old.log'), 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(file, 'utf8')).toBe('three\n');
    expect(descriptors()).toBe(before);
  });
});
