import { assertMatch } from './etag.js';

const TAG = '"7.2"';

describe('If-Match', () => {
  it.each([undefined, '*', ' * ', TAG, `"1.1", ${TAG}`, `${TAG},"x"`])('lets %s pass', (header) => {
    expect(() => {
      assertMatch(header, TAG);
    }).not.toThrow();
  });

  it.each(['', '"7.1"', '7.2', `W/${TAG}`, '"7.2', '"*"', ','])('refuses %s', (header) => {
    expect(() => {
      assertMatch(header, TAG);
    }).toThrow(expect.objectContaining({ code: 1011, status: 412 }));
  });
});
