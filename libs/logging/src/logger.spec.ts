import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type Access, writeAccess } from './access-log.js';
import { LogFileError } from './line-destination.js';
import { LineOutput } from './terminal.js';
import { createLogger, type ServiceLog } from './logger.js';
import { runInTrace, startSpan } from './trace-context.js';

const app = { name: 'ooder-skill', version: '0.6.0', debug: false };

class Capture {
  text = '';
  constructor(readonly isTTY = false) {}
  write(text: string): void {
    this.text += text;
  }
  get lines(): Record<string, unknown>[] {
    return parse(this.text);
  }
}

function parse(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Record<string, unknown>] : []));
}

describe('createLogger', () => {
  it('writes JSON lines with time, level, service and version', () => {
    const output = new Capture();
    createLogger({ level: 'info' }, app, output).logger.log('hello', 'main');
    expect(output.lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'ooder-skill',
        version: '0.6.0',
        context: 'main',
        msg: 'hello',
      },
    ]);
  });

  it('counts what a terminal that has gone does not take, and reports it once', () => {
    const warnings: string[] = [];
    const gone = {
      isTTY: true,
      write: (_: string, done?: (error?: Error) => void): void => done?.(new Error('EIO: i/o error, write')),
    };
    const output = new LineOutput(gone, (text) => warnings.push(text));
    for (let n = 0; n < 3; n += 1) output.write(`{"level":"info","msg":"${n}"}\n`);
    expect([output.droppedLines, output.failedWrites]).toEqual([3, 3]);
    expect(warnings).toEqual([expect.stringContaining('EIO')]);
  });

  it('survives whatever is logged as an error', () => {
    const output = new Capture();
    const { logger } = createLogger({ level: 'info' }, app, output);
    const odd = Object.assign(new Error('odd'), { message: { not: 'a text' }, stack: 7, name: null });
    const hostile = new Proxy(new Error('hostile'), {
      get: () => {
        throw new Error('no');
      },
    });
    for (const error of [odd, hostile, null, undefined, Symbol('s'), () => 1]) logger.fatal(error, 'start');
    expect(output.lines).toHaveLength(6);
  });

  it('obeys the level', () => {
    const output = new Capture();
    const { logger } = createLogger({ level: 'warn' }, app, output);
    logger.verbose('1');
    logger.debug('2');
    logger.log('3');
    logger.warn('4');
    logger.error('5');
    logger.fatal('6');
    expect(output.lines.map(({ level }) => level)).toEqual(['warn', 'error', 'fatal']);
  });

  it('understands what Nest passes: contexts, errors and their stacks', () => {
    const output = new Capture();
    Logger.overrideLogger(createLogger({ level: 'trace' }, app, output).logger);
    try {
      const error = new RangeError('too far');
      const logger = new Logger('skills');
      logger.error(error, error.stack);
      logger.error('failed');
      logger.error('failed', error.stack);
      logger.warn({ skill_id: 's1', level: 'forged', password: 'xyz' });
      Logger.error('static', error.stack);
    } finally {
      Logger.overrideLogger(['error']);
    }
    const [typed, plain, stacked, fields, bare] = output.lines;
    expect(typed).toMatchObject({
      context: 'skills',
      msg: 'too far',
      err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('logger.spec') },
    });
    expect(plain).toMatchObject({ context: 'skills', msg: 'failed' });
    expect(plain).not.toHaveProperty('err');
    expect(stacked).toMatchObject({ context: 'skills', msg: 'failed', err: { stack: expect.any(String) } });
    expect(fields).toMatchObject({ context: 'skills', level: 'warn', level_: 'forged', password: '[redacted]' });
    expect(bare).toMatchObject({ msg: 'static', err: { stack: expect.any(String) } });
  });

  it('masks credentials in messages', () => {
    const output = new Capture();
    createLogger({ level: 'info' }, app, output).logger.log('at postgresql://user:pw@db/skills', 'database');
    expect(output.lines[0]?.msg).toBe('at postgresql://user:***@db/skills');
  });

  it('writes the stacks of causes in debug mode only', () => {
    const [plain, debug] = [false, true].map((mode) => {
      const output = new Capture();
      const { logger } = createLogger({ level: 'info' }, { ...app, debug: mode }, output);
      logger.error(new Error('outer', { cause: new Error('inner') }));
      return output.text;
    });
    expect(plain?.match(/"stack":/g)).toHaveLength(1);
    expect(plain).toContain('inner');
    expect(debug?.match(/"stack":/g)).toHaveLength(2);
  });

  it('puts the trace id on lines written during a trace', async () => {
    const output = new Capture();
    const { logger } = createLogger({ level: 'info' }, app, output);
    const trace = startSpan();
    await runInTrace(trace, async () => {
      await sleep(1);
      logger.log('inside');
    });
    logger.log('outside');
    expect(output.lines.map(({ trace_id }) => trace_id)).toEqual([trace.traceId, undefined]);
  });

  it('writes text in a terminal, in which a message cannot forge a line', () => {
    const output = new Capture(true);
    createLogger({ level: 'info' }, app, output).logger.log('one\n[10:00:00] INFO: forged\u001b[2J\u009b1A', 'main');
    const lines = output.text.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('[main] one');
    expect(lines[1]).toBe('    [10:00:00] INFO: forged\\u001b[2J\\u009b1A\u001b[39m');
  });
});

describe('a request in a terminal', () => {
  const write = (access: Partial<Access>): string => {
    const output = new Capture(true);
    const { logger } = createLogger({ level: 'info' }, app, output);
    writeAccess(logger, 'info', {
      method: 'POST',
      url: '/api/v1/skills?token=x',
      route: '/api/v1/skills',
      status: 201,
      durationMs: 9.4,
      bytes: 900,
      client: 'admin',
      address: '127.0.0.1',
      userAgent: 'curl',
      traceId: 'f'.repeat(32),
      ...access,
    });
    // eslint-disable-next-line no-control-regex
    return output.text.replace(/\u001b\[\d+m/g, '').replace(/^\[[\d:.]+\] /, '');
  };

  it.each<[string, Partial<Access>]>([
    ['POST /api/v1/skills 201 9 ms admin', {}],
    ['POST /api/v1/skills 401 9 ms (1002)', { status: 401, client: undefined, errorCode: 1002 }],
    ['POST /api/v1/skills 499 9 ms admin (aborted)', { status: 499, aborted: true }],
    ['POST /a\\u001b[2J 201 9 ms a\\u000ab', { url: '/a\u001b[2J', client: 'a\nb' }],
  ])('is one line: %s', (expected, access) => {
    expect(write(access)).toBe(`INFO: ${expected}\n`);
  });
});

describe('LOG_FILE', () => {
  let folder: string;
  let log: ServiceLog | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ooder-log-'));
  });

  afterEach(async () => {
    await log?.close();
    log = undefined;
    rmSync(folder, { recursive: true });
  });

  it('gets every line that standard output gets, in a folder that is made', async () => {
    const output = new Capture();
    const file = join(folder, 'new', 'app.log');
    log = createLogger({ level: 'debug', file }, app, output);
    for (let i = 0; i < 100; i += 1) log.logger.debug(`line ${i}`);
    await log.close();
    expect(output.lines).toHaveLength(100);
    expect(readFileSync(file, 'utf8')).toBe(output.text);
  });

  it('is appended to', async () => {
    const file = join(folder, 'app.log');
    writeFileSync(file, '{"msg":"old"}\n');
    log = createLogger({ level: 'info', file }, app, new Capture());
    log.logger.log('new');
    await log.close();
    expect(parse(readFileSync(file, 'utf8')).map(({ msg }) => msg)).toEqual(['old', 'new']);
  });

  it.each(['reopen', 'SIGHUP'])('loses no line when it is renamed under load (%s)', async (how) => {
    const file = join(folder, 'app.log');
    const current = createLogger({ level: 'info', file }, app, new Capture());
    const { logger } = current;
    log = current;
    let written = 0;
    const writeSome = async (bursts: number): Promise<void> => {
      for (let burst = 0; burst < bursts; burst += 1) {
        for (let i = 0; i < 50; i += 1) logger.log(`line ${(written += 1)}`);
        await sleep(1);
      }
    };
    for (let rotation = 1; rotation <= 3; rotation += 1) {
      await writeSome(5);
      renameSync(file, `${file}.${rotation}`);
      await writeSome(2);
      if (how === 'reopen') current.reopen();
      else process.emit('SIGHUP');
      await writeSome(5);
      for (let wait = 0; wait < 500 && !existsSync(file); wait += 1) await sleep(2);
    }
    await current.close();
    const parts = [1, 2, 3].map((rotation) => parse(readFileSync(`${file}.${rotation}`, 'utf8')));
    const last = parse(readFileSync(file, 'utf8'));
    expect([...parts, last].flat().map(({ msg }) => msg)).toEqual(
      Array.from({ length: written }, (_, i) => `line ${i + 1}`),
    );
    // Each rotation did move on to a new file.
    for (const part of [...parts, last]) expect(part.length).toBeGreaterThan(0);
  });

  it('leaves SIGHUP to its default once it is closed', async () => {
    const before = process.listenerCount('SIGHUP');
    log = createLogger({ level: 'info', file: join(folder, 'app.log') }, app, new Capture());
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
    await log.close();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });

  it('still takes a line after it is closed', async () => {
    const file = join(folder, 'app.log');
    log = createLogger({ level: 'info', file }, app, new Capture());
    await log.close();
    log.logger.log('late');
    expect(parse(readFileSync(file, 'utf8'))).toHaveLength(1);
  });

  it('stops the start with a clear message when it cannot be written', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => createLogger({ level: 'info', file: folder }, app, new Capture())).toThrow(LogFileError);
    expect(() => createLogger({ level: 'info', file: join(file, 'app.log') }, app, new Capture())).toThrow(
      /^LOG_FILE .*file\/app\.log cannot be opened for writing: /,
    );
  });
});

describe('LOG_ERROR_FILE', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ooder-log-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const namesIn = (file: string) => parse(readFileSync(file, 'utf8')).map(({ msg }) => msg);

  it('gets errors alone, which the log has as well', async () => {
    const [file, errorFile] = [join(folder, 'app.log'), join(folder, 'new', 'error.log')];
    const output = new Capture();
    const log = createLogger({ level: 'trace', file, errorFile }, app, output);
    const { logger } = log;
    logger.verbose('trace');
    logger.debug('debug');
    logger.log('info');
    logger.recordFlat('info', '', 'request');
    logger.warn('warn');
    logger.error('error');
    logger.fatal('fatal');
    await log.close();
    // A fatal line does not wait for those that are being written.
    expect(namesIn(errorFile).toSorted()).toEqual(['error', 'fatal']);
    expect(namesIn(file).toSorted()).toEqual(output.lines.map(({ msg }) => msg).toSorted());
    expect(output.lines).toHaveLength(7);
  });

  it('is opened again with the log, or without one', async () => {
    const errorFile = join(folder, 'error.log');
    const before = process.listenerCount('SIGHUP');
    const log = createLogger({ level: 'info', errorFile }, app, new Capture());
    log.logger.error('before');
    log.logger.log('no error');
    renameSync(errorFile, `${errorFile}.1`);
    process.emit('SIGHUP');
    log.logger.error('after');
    await log.close();
    expect([...namesIn(`${errorFile}.1`), ...namesIn(errorFile)]).toEqual(['before', 'after']);
    expect(namesIn(errorFile)).toContain('after');
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });

  it('stops the start with a clear message when it cannot be written', () => {
    expect(() => createLogger({ level: 'info', errorFile: folder }, app, new Capture())).toThrow(
      /^LOG_ERROR_FILE .* cannot be opened for writing: .*EISDIR/,
    );
  });
});
