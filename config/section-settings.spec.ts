import { parsePairs } from '#config';
import { SettingsFolder } from '../test/support/settings-folder.js';

const GOOD_SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';

/** Those whose parts must agree with each other. */
describe('settings of a section', () => {
  let place: SettingsFolder;
  beforeEach(() => {
    place = new SettingsFolder();
  });
  afterEach(() => {
    place.remove();
  });

  const load = (env: Record<string, string>) => place.load(env);
  const faultsOf = (env: Record<string, string>) => place.faultsOf(env);

  it('let calls reach the loopback on the embedded server outside of production, and else what is named', () => {
    const embedded = load({}).outbound;
    expect(embedded).toMatchObject({ allowedCidrs: ['127.0.0.0/8', '::1/128'], isLoopbackByDefault: true });
    expect(embedded).toMatchObject({ maxConnections: 64, maxOrigins: 5000, connectTimeout: 3000 });
    const nothing = { allowedCidrs: [], isLoopbackByDefault: false };
    expect(load({ DATABASE_URL: 'postgresql://u:p@db/skill_db' }).outbound).toMatchObject(nothing);
    expect(load({ NODE_ENV: 'production', SECURITY_JWT_SECRET: GOOD_SECRET }).outbound).toMatchObject(nothing);
    expect(load({ OUTBOUND_ALLOWED_CIDRS: '' }).outbound).toMatchObject(nothing);
    expect(load({ OUTBOUND_ALLOWED_CIDRS: '10.0.0.0/8, fd00::/8,10.1.2.3' }).outbound).toMatchObject({
      allowedCidrs: ['10.0.0.0/8', 'fd00::/8', '10.1.2.3'],
      isLoopbackByDefault: false,
    });
  });

  it('name another identity provider only with what its tokens are for, and with roles that there are', () => {
    const good = { SECURITY_OIDC_ISSUER: 'https://id.example.com/realms/a', SECURITY_OIDC_AUDIENCE: 'ooder' };
    expect(load({ ...good, SECURITY_OIDC_ROLE_MAP: 'registry-admins=admin, devs=publisher' }).oidc).toMatchObject({
      issuer: good.SECURITY_OIDC_ISSUER,
      roleClaim: 'role',
      roleMap: ['registry-admins=admin', 'devs=publisher'],
    });
    expect(load({ ...good, SECURITY_OIDC_ISSUER: 'http://127.0.0.1:9/realms/a' }).oidc.audience).toBe('ooder');
    // By their issuer the tokens of the two are told apart.
    expect(() => load({ ...good, SECURITY_JWT_ISSUER: good.SECURITY_OIDC_ISSUER })).toThrow(
      'SECURITY_JWT_ISSUER must differ from SECURITY_OIDC_ISSUER',
    );
    for (const [variable, value] of [
      ['SECURITY_OIDC_AUDIENCE', ''],
      ['SECURITY_OIDC_ISSUER', 'http://id.example.com'],
      ['SECURITY_OIDC_ISSUER', 'https://user:password@id.example.com'],
      ['SECURITY_OIDC_ISSUER', 'https://id.example.com/?x'],
      ['SECURITY_OIDC_ROLE_MAP', 'devs=root'],
      ['SECURITY_OIDC_ROLE_MAP', 'devs'],
    ] as const) {
      expect(faultsOf({ ...good, [variable]: value }).faults).toMatchObject([{ variable }]);
    }
  });

  it('trace nothing until there is a collector, and take no setting that could not be kept', () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/base/' };
    expect(load({}).tracing.url).toBeUndefined();
    expect(load(endpoint).tracing.url).toBe('http://collector:4318/base/v1/traces');
    const exact = { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/x' };
    expect(load(exact).tracing.url).toBe('https://other/x');
    expect(load({ ...exact, OTEL_SDK_DISABLED: 'true' }).tracing.url).toBeUndefined();
    expect(load({ ...exact, OTEL_TRACES_EXPORTER: 'none' }).tracing.url).toBeUndefined();
    const { headers } = load({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key = a%2Cb=c, x-tenant=7' }).tracing;
    expect(parsePairs(headers)).toEqual({ 'x-key': 'a,b=c', 'x-tenant': '7' });
    for (const [variable, value] of [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://me:s3cret@collector:4318'],
      ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://collector:4318/?key=s3cret'],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 's3cret'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'x-key=s3cret%0D%0Ax: y'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'x-key=s3cret%F0%9F%94%91'],
      ['OTEL_EXPORTER_OTLP_HEADERS', 'x-key=s3cret%'],
      ['OTEL_EXPORTER_OTLP_TIMEOUT', '0'],
      ['OTEL_RESOURCE_ATTRIBUTES', '=x'],
      ['OTEL_TRACES_EXPORTER', 'zipkin'],
      ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
      ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
      ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '2049'],
    ] as const) {
      const { faults, message } = faultsOf({ [variable]: value });
      expect(faults).toMatchObject([{ variable }]);
      expect(message).not.toContain('s3cret');
    }
  });

  it('let no channel live longer by default than any may', () => {
    expect(load({ CHANNEL_EXPIRY: '60', CHANNEL_MAX_EXPIRY: '60', CHANNEL_RETENTION: '0' }).channel.expiry).toBe(60);
    const wrong: Record<string, string>[] = [
      { CHANNEL_MAX_EXPIRY: '3599' },
      { CHANNEL_EXPIRY: '0' },
      { CHANNEL_EXPIRY: 'soon' },
      { CHANNEL_RETENTION: '-1' },
    ];
    for (const env of wrong) expect(faultsOf(env).faults).toHaveLength(1);
  });
});
