import { OUTBOUND_FAULTS, OutboundError } from '#outbound';
import { judgeAnswer, judgeError } from './verdict.js';

const verdict = (body: string, status = 200, isChosen = true) => judgeAnswer(status, Buffer.from(body), isChosen);
const ofStatus = (status: unknown) => verdict(JSON.stringify({ status }));

describe('the verdict of an answer', () => {
  it.each(['healthy', 'ok', 'OK', 'Up', 'pass'])('takes "%s" for healthy', (word) => {
    expect(ofStatus(word)).toEqual({ result: 'healthy', reason: null });
  });

  it.each([
    ['degraded', 'warning'],
    ['Warning', 'warning'],
    ['warn', 'warning'],
    ['DOWN', 'unhealthy'],
    ['unhealthy', 'unhealthy'],
    ['fail', 'unhealthy'],
  ])('takes "%s" for %s, and says why', (word, result) => {
    expect(ofStatus(word)).toEqual({ result, reason: `it says that it is "${word.toLowerCase()}"` });
  });

  it.each(['', '<html>Welcome!</html>', '"ok"', '["ok"]', 'null', '{"status":"ok"', '\u0000'])(
    'takes %j for garbage',
    (body) => {
      expect(verdict(body)).toEqual({ result: 'warning', reason: 'it answers 200 without a JSON object' });
      expect(verdict(body, 200, false).result).toBe('warning');
    },
  );

  it.each([undefined, null, 1, true, {}, [], '', 'fine', 'constructor', ' ok'])(
    'knows no status %j, and does not repeat it',
    (status) => {
      expect(ofStatus(status)).toEqual({
        result: 'warning',
        reason: 'it answers 200 with a JSON object without a known status',
      });
    },
  );

  it.each([404, 405])('takes %d for life if no probe path is set', (status) => {
    expect(verdict('', status, false)).toEqual({
      result: 'healthy',
      reason: `it answers, with ${status}: it has no health check`,
    });
    expect(verdict('', status, true)).toEqual({ result: 'unhealthy', reason: `it answers ${status}` });
  });

  it.each([301, 302, 400, 401, 403, 410, 429, 500, 503])('takes %d for a failure, whatever it says', (status) => {
    expect(verdict('{"status":"ok"}', status, false)).toMatchObject({
      result: 'unhealthy',
      reason: expect.stringContaining(`it answers ${status}`),
    });
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
