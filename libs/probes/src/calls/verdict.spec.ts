import { OUTBOUND_FAULTS, OutboundError } from '#outbound';
import { type Expectation, judgeAnswer, judgeError } from './verdict.js';

const NONE: Expectation = { statuses: undefined, text: undefined, isChosen: false };
const CHOSEN: Expectation = { ...NONE, isChosen: true };
const verdict = (body: string, status = 200, expected: Partial<Expectation> = {}) =>
  judgeAnswer(status, Buffer.from(body), { ...CHOSEN, ...expected });
const HEALTHY = { result: 'healthy', reason: null };

describe('the verdict of an answer', () => {
  const words: [string, string[]][] = [
    ['healthy', ['healthy', 'ok', 'OK', 'Up', 'pass', 'PASSING']],
    ['warning', ['degraded', 'Warning', 'warn']],
    ['unhealthy', ['DOWN', 'OUT_OF_SERVICE', 'unhealthy', 'fail', 'Critical', 'error', 'maintenance']],
  ];
  it.each(words.flatMap(([result, all]) => all.map((word) => [word, result] as const)))(
    'takes "%s" for %s, in JSON and as text, and says why',
    (word, result) => {
      const reason = result === 'healthy' ? null : `it says that it is "${word.toLowerCase()}"`;
      const bodies = [{ status: word }, { Status: word, Service: {} }, word].map((body) => JSON.stringify(body));
      for (const body of [...bodies, word, `\ufeff${word}\r\n`]) expect(verdict(body)).toEqual({ result, reason });
    },
  );

  it.each([
    '',
    '<html>Welcome!</html>',
    '["down"]',
    'null',
    '{"status":"down"',
    '\u0000',
    'down?',
    `${' '.repeat(99)}down`,
  ])('leaves it to the status code if the body is %j', (body) => {
    for (const status of [200, 204, 206]) expect(verdict(body, status)).toEqual(HEALTHY);
    expect(verdict(body, 500)).toEqual({ result: 'unhealthy', reason: 'it answers 500' });
  });

  it.each([undefined, null, 1, true, {}, ['down'], '', 'fine', 'constructor', 'UNKNOWN', 'x'.repeat(9_000)])(
    'knows no status %j, and does not repeat it',
    (status) => {
      expect(verdict(JSON.stringify({ status }))).toEqual(HEALTHY);
      expect(verdict(JSON.stringify({ status }), 503)).toEqual({ result: 'unhealthy', reason: 'it answers 503' });
    },
  );

  it.each([400, 401, 403, 404, 405, 406, 501])('takes %d for a sign of life if no health check is set', (status) => {
    expect(verdict('{"status":"down"}', status, NONE)).toEqual({
      result: 'healthy',
      reason: `it answers, with ${status}: it has no health check`,
    });
    expect(verdict('', status)).toEqual({ result: 'unhealthy', reason: `it answers ${status}` });
  });

  it.each([301, 302, 408, 410, 429, 500, 502, 503])('takes %d for a failure, whatever it says', (status) => {
    for (const word of ['ok', 'warning']) {
      expect(verdict(JSON.stringify({ status: word }), status, NONE)).toMatchObject({
        result: 'unhealthy',
        reason: expect.stringContaining(`it answers ${status}`),
      });
    }
  });

  it('says what the body of a failure says', () => {
    expect(verdict('{"status":"OUT_OF_SERVICE"}', 503)).toEqual({
      result: 'unhealthy',
      reason: 'it answers 503: it says that it is "out_of_service"',
    });
  });

  it('expects the status codes that the endpoint names, and no others', () => {
    const statuses = [
      [200, 204],
      [401, 403],
      [503, 503],
    ] as const;
    for (const status of [200, 204, 402, 503]) expect(verdict('', status, { statuses })).toEqual(HEALTHY);
    for (const status of [205, 400, 404, 502]) expect(verdict('', status, { statuses }).result).toBe('unhealthy');
    expect(verdict('{"status":"warning"}', 503, { statuses }).result).toBe('warning');
  });

  it('expects the text that the endpoint names, and reads nothing else', () => {
    const text = '"db":"天气"';
    expect(verdict(`{"status":"down",${text}}`, 200, { text })).toEqual(HEALTHY);
    expect(verdict('{"status":"ok"}', 200, { text })).toEqual({
      result: 'unhealthy',
      reason: 'its answer does not contain the text of health_body',
    });
    expect(verdict(text, 500, { text }).result).toBe('unhealthy');
  });
});

describe('the verdict of a call without an answer', () => {
  it('is a failure with a reason of this service, unless this service cancelled the call', () => {
    const reasons = OUTBOUND_FAULTS.map((kind) => {
      const said = judgeError(new OutboundError(kind, 'internal.example is 10.0.0.1'), 3_000);
      if (kind === 'cancelled') expect(said).toBeUndefined();
      else expect(said?.result).toBe('unhealthy');
      return said?.reason;
    });
    expect(new Set(reasons).size).toBe(OUTBOUND_FAULTS.length);
    expect(reasons.join()).not.toMatch(/internal|10\.0/);
    for (const reason of reasons) expect(reason?.length ?? 0).toBeLessThan(256);
  });
});
