import { warnOfUnknownParameters } from './unknown-parameters.js';

const warn = (...keys: string[]) => [
  ...warnOfUnknownParameters({ endpoints: [{}, { parameters: Object.fromEntries(keys.map((key) => [key, 'x'])) }] }),
];

describe('a parameter of an endpoint that nobody reads', () => {
  it.each([
    ['health_intervall', 'health_interval'],
    ['healthpath', 'health_path'],
    ['health-path', 'health_path'],
    ['Health_Path', 'health_path'],
    ['helath_path', 'health_path'],
    ['health_timeout', 'health_timeout_ms'],
    ['healthcheck_path', undefined],
    ['health_url', undefined],
    ['timeout', 'timeout_ms'],
    ['timeoutMs', 'timeout_ms'],
    ['timeout_s', 'timeout_ms'],
    ['Timeout_ms', 'timeout_ms'],
    ['tiemout_ms', 'timeout_ms'],
    ['Method', 'method'],
    ['methods', 'method'],
    ['Authorization', 'authorization'],
    ['authorisation', 'authorization'],
    ['invokepath', 'invoke_path'],
    ['invoke', 'invoke_path'],
  ])('is told if it is %s', (key, meant) => {
    const question = meant === undefined ? '' : `: did you mean "${meant}"?`;
    expect(warn(key)).toEqual([
      { field: `endpoints.1.parameters.${key}`, reason: `is unknown, and has no effect${question}` },
    ]);
  });

  it.each(['token', 'region', 'auth', 'path', 'mode', 'm', 'h', '天气', '', 'query.key', 'tls_ca', 'constructor'])(
    'is none of the registry if it is %j',
    (key) => {
      expect(warn(key)).toEqual([]);
    },
  );

  it('is not one that is read', () => {
    expect(warn('health_path', 'timeout_ms', 'method', 'authorization', 'health_interval')).toEqual([]);
  });
});
