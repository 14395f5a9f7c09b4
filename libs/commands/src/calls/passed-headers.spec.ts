import { passedHeaders } from './passed-headers.js';

const TRACE = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };

describe('headers that are passed on', () => {
  it('are the state of the trace, baggage, and those that the settings name', () => {
    const sent = {
      tracestate: 'a=1',
      baggage: 'user=7',
      'x-tenant': 'blue',
      'x-other': 'y',
      authorization: 'Bearer x',
    };
    expect(passedHeaders({ ...TRACE, ...sent }, ['X-Tenant', 'x-absent'])).toEqual({
      ...{ tracestate: 'a=1', baggage: 'user=7', 'x-tenant': 'blue' },
    });
  });

  it('have no state of a trace that is not continued', () => {
    expect(passedHeaders({ tracestate: 'a=1', traceparent: '00-x' }, [])).toEqual({});
  });

  it('leave out what is too long, or what no header can carry', () => {
    const long = { tracestate: 'a'.repeat(513), baggage: 'b'.repeat(8_193), 'x-tenant': 'c'.repeat(4_097) };
    expect(passedHeaders({ ...TRACE, ...long }, ['x-tenant'])).toEqual({});
    expect(passedHeaders({ 'x-tenant': 'a\u0001' }, ['x-tenant'])).toEqual({});
  });
});
