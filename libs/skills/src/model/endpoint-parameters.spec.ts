import { listUnreadable, readParameter, type ReadParameter } from './endpoint-parameters.js';

describe('a parameter of an endpoint that the registry reads', () => {
  const cases: [ReadParameter, string, unknown][] = [
    ['timeout_ms', '1', 1],
    ['timeout_ms', '3600000', 3_600_000],
    ['method', 'patch', 'PATCH'],
    ['health_method', 'Head', 'HEAD'],
    ['health_interval', '86400', 86_400],
    ['health_timeout_ms', '50', 50],
    ['health_body', ' ', ' '],
    ['health_status', '204', [[204, 204]]],
    [
      'health_status',
      '200, 204 ,401-403,500 - 599',
      [
        [200, 200],
        [204, 204],
        [401, 403],
        [500, 599],
      ],
    ],
  ];
  it.each(cases)('%s can be %j', (key, text, value) => {
    expect(readParameter({ [key]: text }, key)).toEqual(value);
    expect(listUnreadable({ [key]: text, other: 'abc' })).toEqual([]);
  });

  const wrong: [ReadParameter, string[]][] = [
    ['timeout_ms', ['', 'abc', '0', '-1', '1.5', '1e3', '0x10', ' 5', '3600001', '99999999', 'Infinity', 'true']],
    ['method', ['', 'GET', 'POSTS', 'toString']],
    ['health_method', ['', 'POST', 'GET ']],
    ['health_interval', ['0', '-1', '86401', '030', '5s']],
    ['health_timeout_ms', ['49', '60001']],
    ['health_body', ['']],
    ['health_status', ['', ',', '200,', '99', '600', '999', '2xx', '403-401', '200-', '-204', '200;204', '200--204']],
  ];
  it.each(wrong.flatMap(([key, texts]) => texts.map((text) => [key, text] as const)))(
    '%s cannot be %j, and counts as missing',
    (key, text) => {
      expect(readParameter({ [key]: text }, key)).toBeUndefined();
      expect(listUnreadable({ [key]: text })).toEqual([key]);
    },
  );
});
