import { jsonMembers } from './flat-line.js';
import { createLogger } from './logger.js';

describe('a flat line', () => {
  const lines: string[] = [];
  const { logger } = createLogger(
    { level: 'info', file: undefined },
    { name: 'a "name"', version: '1.0.0', debug: false },
    { write: (line) => lines.push(line) },
  );
  const fields = {
    path: '/a"b\\c\n\u2028é😀\ud800',
    status: 200,
    aborted: true,
    bytes: undefined,
    duration_ms: 0.25,
    trace_id: '0'.repeat(32),
  };
  const parsed = (): unknown[] =>
    lines.splice(0).map((line) => {
      expect(line.endsWith('}\n')).toBe(true);
      const { time, ...rest } = JSON.parse(line) as { time: string };
      expect(new Date(time).toISOString()).toBe(time);
      return rest;
    });

  it('says what the same line says when pino writes it', () => {
    logger.record('warn', fields, 'a "message"');
    logger.recordFlat('warn', jsonMembers(fields), 'a "message"');
    const [long, short] = parsed();
    expect(short).toEqual(long);
    expect(short).toMatchObject({ level: 'warn', service: 'a "name"', path: fields.path, msg: 'a "message"' });
  });

  it('is written at the levels that are on', () => {
    logger.recordFlat('debug', jsonMembers(fields), 'off');
    expect(parsed()).toEqual([]);
  });
});
