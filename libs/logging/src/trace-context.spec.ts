import { formatTraceparent, parseTraceparent, startSpan } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it('reads version 00', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, parentId: SPAN, sampled: true });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false);
  });

  it('looks at the sampled bit only, whatever the other flags are', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.sampled).toBe(false);
  });

  it.each([`cc-${TRACE}-${SPAN}-01`, `01-${TRACE}-${SPAN}-01-what-the-future-brings`])(
    'reads the known part of a later version: %s',
    (header) => {
      expect(parseTraceparent(header)).toEqual({ traceId: TRACE, parentId: SPAN, sampled: true });
    },
  );

  it.each([
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['more after the flags in version 00', `00-${TRACE}-${SPAN}-01-more`],
    ['more after the flags without a dash', `01-${TRACE}-${SPAN}-01more`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['a line break', `00-${TRACE}-${SPAN}-01\n`],
    ['the header twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['nothing', ''],
  ])('refuses %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('refuses an absent header', () => {
    expect(parseTraceparent(undefined)).toBeUndefined();
  });
});

describe('startSpan', () => {
  it("goes on with the caller's trace under a span of its own", () => {
    const span = startSpan({ traceId: TRACE, parentId: SPAN, sampled: false });
    expect(span).toEqual({
      traceId: TRACE,
      parentId: SPAN,
      sampled: false,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(span.spanId).not.toBe(SPAN);
  });

  it('starts a trace that others can read', () => {
    const span = startSpan();
    expect(span.parentId).toBeUndefined();
    expect(parseTraceparent(formatTraceparent(span))).toEqual({
      traceId: span.traceId,
      parentId: span.spanId,
      sampled: true,
    });
  });
});
