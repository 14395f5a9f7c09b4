import { writeJson } from '#common';
import { readAnswer } from './skill-answer.js';

const DETAIL = { code: 'E42', message: 'No such city', details: [1] };
const NO_REASON = { code: 5000, message: 'The Skill gave no reason' };

function read(json: object, status = 200) {
  const answer = readAnswer(status, Buffer.from(JSON.stringify(json)));
  return JSON.parse(writeJson(answer)) as typeof answer;
}

describe('the answer of a Skill', () => {
  it.each(['completed', 'success', 'COMPLETED', 'Success'])('completes the call with %s', (status) => {
    const data = { status, result: [1], output: 'one', error: 'none', error_detail: DETAIL };
    expect(read({ code: 0, data })).toEqual({ status: 'completed', result: [1], output: 'one' });
  });

  it.each(['pending', 'done', '', null, 1, ['completed'], undefined])('is not valid with the status %j', (status) => {
    expect(() => read({ code: 0, data: { status, result: 1 } })).toThrow('neither completed nor failed');
  });

  it.each<[string, object, object]>([
    ['an error as an object', { error: DETAIL }, DETAIL],
    ['an error as text', { error: 'No such city' }, { code: 5000, message: 'No such city' }],
    ['a text and its details', { error: 'No such city', error_detail: DETAIL }, DETAIL],
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
    expect(read(json, 409)).toEqual({ status: 'failed', error });
  });
});
