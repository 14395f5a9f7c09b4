import { redactFields, redactStart, redactText } from './redaction.js';

const redact = (fields: Record<string, unknown>): Record<string, unknown> =>
  redactFields(fields, { causeStacks: false });

describe('redactFields', () => {
  it.each([
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'client_secret',
    'clientSecret',
    'password',
    'secret',
    'token',
    'access_token',
    'refresh_token',
    'api_key',
    'apiKey',
  ])('hides %s at any depth', (key) => {
    const line = JSON.stringify(
      redact({ [key]: 'xyz-1', a: { [key]: 'xyz-2', b: [{ c: { [key]: { d: 'xyz-3' } } }] } }),
    );
    expect(line).not.toContain('xyz');
    expect(line.match(/\[redacted\]/g)).toHaveLength(3);
  });

  it('leaves the object itself, and what is no secret, as they are', () => {
    const fields = {
      password: 'xyz',
      skill: { name: 'translate', weight: 1, token_type: 'Bearer', tags: ['a', null] },
    };
    expect(redact(fields)).toEqual({ ...fields, password: '[redacted]' });
    expect(fields.password).toBe('xyz');
  });

  it('masks credentials in the texts of fields', () => {
    expect(redact({ url: 'postgresql://user:pw@db:5432/skills' })).toEqual({
      url: 'postgresql://user:***@db:5432/skills',
    });
    expect(redact({ url: new URL('redis://:pw@cache:6379/0') })).toEqual({ url: 'redis://:***@cache:6379/0' });
  });

  it('describes errors by type, message and stack, without what drivers attach to them', () => {
    const error = Object.assign(new TypeError('no postgresql://user:pw@db/skills', { cause: new Error('refused') }), {
      code: 'ECONNREFUSED',
      query: 'SELECT secret_column',
      parameters: ['xyz'],
    });
    expect(redact({ err: error })).toEqual({
      err: {
        type: 'TypeError',
        message: 'no postgresql://user:***@db/skills',
        code: 'ECONNREFUSED',
        stack: expect.stringMatching(/^TypeError: no postgresql:\/\/user:\*\*\*@db\/skills\n\s+at /),
        cause: { type: 'Error', message: 'refused' },
      },
    });
  });

  it('bears cycles, throwing getters, huge texts and huge objects', () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle.self = cycle;
    cycle.twice = [cycle, cycle, cycle, cycle];
    const hostile = {
      get broken(): string {
        throw new Error('no');
      },
    };
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]));
    const line = JSON.stringify(redact({ cycle, hostile, text: 'x'.repeat(1_000_000), bytes: Buffer.alloc(9), many }));
    expect(line.length).toBeLessThan(60_000);
    expect(line).toContain('[unreadable]');
    expect(line).toContain('(1000000 characters)');
  });
});

describe('redactText', () => {
  it('never cuts a secret so that what is left of it is no longer known', () => {
    const key = `osk_${'Ab1'.repeat(14)}c`;
    for (let before = 1; before < 60; before += 1) {
      expect(redactStart(`${'x'.repeat(before)} ${key} and more`, 50)).not.toContain('osk_Ab');
      expect(redactText(`${'x'.repeat(16_384 - before)} ${key}`)).not.toContain('osk_Ab');
    }
  });

  it.each([
    ['connect to postgresql://skill_user:p%40ss:w0rd@localhost:5432/skill_db', 'postgresql://skill_user:***@localhost'],
    ['rediss://:hunter2@cache/0 is down', 'rediss://:***@cache/0 is down'],
    ['got Authorization: Bearer abcdefgh12345678', 'Bearer [redacted]'],
    ['GET /cb?access_token=abcdef&x=1', 'access_token=[redacted]&x=1'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl!', 'jwt [redacted]!'],
  ])('masks %s', (text, masked) => {
    expect(redactText(text)).toContain(masked);
    expect(redactText(text)).not.toMatch(/p%40ss|hunter2|abcdef|eyJ/);
  });

  it('leaves harmless texts alone', () => {
    const text = 'listening on http://0.0.0.0:8000/docs, mail ops@example.org, see https://host:80/path@2';
    expect(redactText(text)).toBe(text);
  });

  it('takes no longer than linear time on hostile texts', () => {
    const started = performance.now();
    for (const unit of ['a.', '://:', 'a://', 'token=', 'eyJ-', 'Bearer ']) redactText(unit.repeat(8000));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
