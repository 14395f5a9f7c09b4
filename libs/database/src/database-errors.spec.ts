import { QueryFailedError } from 'typeorm';
import { getSqlState, translateDatabaseError, violatesUnique } from './database-errors.js';

const failed = (driverError: object) =>
  new QueryFailedError('SELECT secret FROM t', ['value'], Object.assign(new Error('inner'), driverError));

describe('translateDatabaseError', () => {
  it.each(['08000', '08006', '53300', '53100', '57P01', '57P03', '57014', '58030', '25006'])(
    'makes 1008 of SQLSTATE %s, with the cause for the log only',
    (code) => {
      const error = failed({ code });
      const translated = translateDatabaseError(error);
      expect(translated).toMatchObject({ code: 1008, status: 503, cause: error });
      expect(translated?.message).not.toContain('SELECT');
    },
  );

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    'makes 1008 of the socket error %s',
    (code) => {
      expect(translateDatabaseError(Object.assign(new Error('connect'), { code }))).toMatchObject({ code: 1008 });
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('makes 1008 of the driver saying "%s"', (message) => {
    expect(translateDatabaseError(new Error(message))).toMatchObject({ code: 1008 });
  });

  it.each<[string, unknown]>([
    ['a broken constraint', failed({ code: '23505' })],
    ['wrong SQL', failed({ code: '42601' })],
    ['a value out of range', failed({ code: '22003' })],
    ['a bug of the service', new TypeError('undefined is not a function')],
    ['a text', 'ECONNREFUSED'],
    ['nothing', undefined],
    ['null', null],
    ['a code that is a number', { code: 57014 }],
  ])('leaves %s to others', (_, error) => {
    expect(translateDatabaseError(error)).toBeUndefined();
  });
});

describe('violatesUnique', () => {
  it('knows the constraint by its name', () => {
    const error = failed({ code: '23505', constraint: 'uq_a' });
    expect(violatesUnique(error, 'uq_a')).toBe(true);
    expect(violatesUnique(error, 'uq_b')).toBe(false);
    expect(violatesUnique(failed({ code: '23503', constraint: 'uq_a' }), 'uq_a')).toBe(false);
    expect(violatesUnique(undefined, 'uq_a')).toBe(false);
  });

  it('reads the SQLSTATE of a wrapped and of a bare error', () => {
    expect(getSqlState(failed({ code: '40001' }))).toBe('40001');
    expect(getSqlState({ code: '40P01' })).toBe('40P01');
    expect(getSqlState(new Error('x'))).toBeUndefined();
  });
});
