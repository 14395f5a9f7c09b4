import { writeJson } from '#common';
import { readAnswer } from './skill-answer.js';

const DETAIL = { code: 'E42', message: 'No such city', details: [1] };
const NO_REASON = { code: 5000, message: 'The Skill gave no reason' };

const COMPLETED = 'is not taken, because the status is completed';
const told = (field: string, reason = 'is unknown') => ({ field, reason });

function read(json: object, status = 200) {
  const answer = readAnswer(status, Buffer.from(JSON.stringify(json)));
  return JSON.parse(writeJson(answer)) as typeof answer;
}

describe('the answer of a Skill', () => {
  it.each(['completed', 'success', 'COMPLETED', 'Success'])('completes the call with %s', (status) => {
    const data = { status, result: [1], output: 'one', error: 'none', error_detail: DETAIL };
    expect(read({ code: 0, data })).toEqual({
      status: 'completed',
      result: [1],
      output: 'one',
      warnings: [told('error', COMPLETED), told('error_detail', COMPLETED)],
    });
  });

  it.each(['pending', 'done', '', null, 1, ['completed'], undefined])('is not valid with the status %j', (status) => {
    expect(() => read({ code: 0, data: { status, result: 1 } })).toThrow('neither completed nor failed');
  });

  it.each<[string, object, object]>([
    ['an error as an object', { error: DETAIL }, DETAIL],
    ['an error as text', { error: 'No such city' }, { code: 5000, message: 'No such city' }],
    ['a text and its details', { error: 'No such city', error_detail: DETAIL }, DETAIL],
    ['two texts', { error: 'Not here', error_detail: DETAIL }, { ...DETAIL, message: 'Not here' }],
    ['a text and its code', { error: 'No such city', error_detail: { code: 7 } }, { code: 7, message: 'No such city' }],
    ['details alone', { error: null, error_detail: DETAIL }, DETAIL],
    ['an error without a code', { error: { message: 'No such city' } }, { code: 5000, message: 'No such city' }],
    ['a code that is no code', { error: { code: {}, message: 'x' } }, { code: 5000, message: 'x' }],
    ['a code that is null', { error: { code: null, message: 'x' } }, { code: 5000, message: 'x' }],
    ['a message that is no text', { error: { code: 7, message: { en: 'x' } } }, { code: 7, message: '{"en":"x"}' }],
    [
      'an error in words of its own',
      { error: { reason: 'full' } },
      { message: '{"reason":"full"}', details: { reason: 'full' } },
    ],
    [
      'details in words of their own',
      { error: 'Full', error_detail: { disk: 1 } },
      { message: 'Full', details: { disk: 1 } },
    ],
    ['a pair of surrogates at the limit', { error: `${'x'.repeat(1_023)}😀` }, { message: 'x'.repeat(1_023) }],
    ['a text that is too long', { error: 'x'.repeat(2_000) }, { code: 5000, message: 'x'.repeat(1_024) }],
    ['no error', {}, NO_REASON],
    ['an empty text', { error: '' }, NO_REASON],
    ['an empty error', { error: {} }, NO_REASON],
    ['an empty list', { error: [] }, NO_REASON],
    ['an error that is null', { error: null }, NO_REASON],
    ['a list of errors', { error: ['x', { y: 1.0 }] }, { code: 5000, message: '["x",{"y":1}]' }],
    ['a number', { error: 42 }, { code: 5000, message: '42' }],
  ])('fails the call with %s', (_, fields, error) => {
    expect(read({ code: 0, data: { status: 'Failed', result: 1, ...fields } })).toMatchObject({
      status: 'failed',
      error,
    });
  });

  it.each<[string, object, object]>([
    ['an envelope', DETAIL, DETAIL],
    ['an error as an object', { error: DETAIL }, DETAIL],
    ['an error as text', { error: 'No such city' }, { code: 409, message: 'No such city' }],
    ['a message without a code', { message: 'No such city' }, { code: 409, message: 'No such city' }],
    ['a list of errors', { error: ['x'] }, { code: 409, message: '["x"]' }],
    ['neither', { detail: 'x' }, { code: 409, message: 'The Skill answered 409' }],
  ])('fails the call with 409 and %s', (_, json, error) => {
    expect(read(json, 409)).toMatchObject({ status: 'failed', error });
  });

  it.each<[string, number, object, object[]]>([
    [
      'what is taken',
      200,
      { code: 0, message: 'ok', data: { status: 'completed', execution_id: 'x', error: null } },
      [],
    ],
    [
      'unknown members',
      200,
      { code: 0, data: { status: 'completed', progress: 1, later: null, 'a\0b': {} }, hint: 'x' },
      [told('hint'), told('progress'), told('a\ufffdb')],
    ],
    [
      'members of another type',
      200,
      { code: 0, data: { status: 'completed', output: 5, context: ['x'] } },
      [told('output', 'must be a text'), told('context', 'must be an object')],
    ],
    [
      'what is cut or left out of errors',
      200,
      {
        code: 0,
        data: { status: 'failed', error: 'y', error_detail: { code: 'c'.repeat(65), message: 'x', hint: 1 } },
      },
      [
        told('error_detail.hint'),
        told('error_detail.code', 'was cut after 64 characters'),
        told('error_detail.message', 'is not taken, because of error'),
      ],
    ],
    [
      'an error that cannot be read',
      200,
      { code: 0, data: { status: 'failed', error: 'x'.repeat(1_025), error_detail: [1] } },
      [told('error_detail', 'must be an object'), told('error', 'was cut after 1024 characters')],
    ],
    ['data of an error', 200, { code: 7, message: 'x', data: { a: 1 } }, [told('data')]],
    ['a refusal in other words', 409, { detail: 'x' }, [told('detail')]],
  ])('tells of %s', (_, status, json, warnings) => {
    expect(read(json, status).warnings ?? []).toEqual(warnings);
  });

  it('tells of a refusal that cannot be read', () => {
    const warnings = (text: string) => readAnswer(404, Buffer.from(text)).warnings;
    expect(warnings('<html>')).toEqual([told('answer', 'is not JSON')]);
    expect(warnings('{"code":1,"code":2}')).toEqual([told('answer', '"code" is given more than once')]);
    expect(warnings('')).toBeUndefined();
  });

  it('tells of 20 members, and that there are more', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`m${n}`, n]));
    const { warnings = [] } = read({ code: 0, data: { status: 'completed', ...many } });
    expect([warnings.length, warnings.at(-1)]).toEqual([21, told('answer', 'has more that was not taken')]);
  });
});
