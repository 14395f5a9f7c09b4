import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { encryptionKeyOf, loadDatabaseSettings, loadSecretsSettings, SETTING_VARIABLES, SettingsError } from '#config';
import { SettingsFolder } from '../test/support/settings-folder.js';

const GOOD_SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';

describe('settings', () => {
  let place: SettingsFolder;
  let folder: string;
  beforeEach(() => {
    place = new SettingsFolder();
    folder = place.path;
  });
  afterEach(() => {
    place.remove();
  });

  const load = (env: Record<string, string>) => place.load(env);
  const faultsOf = (env: Record<string, string>) => place.faultsOf(env);

  it('want the id and the secret of a client of the upstream registry together', () => {
    const problems = (env: Record<string, string>) => faultsOf(env).faults.map(({ variable }) => variable);
    expect(problems({ AI_BRIDGE_CLIENT_ID: 'member' })).toEqual(['AI_BRIDGE_CLIENT_SECRET']);
    expect(problems({ AI_BRIDGE_CLIENT_SECRET: 'a secret of the member' })).toEqual(['AI_BRIDGE_CLIENT_ID']);
  });

  it('have the defaults of the deployment guide', () => {
    const { app, database, security, redis, aiBridge, registry, channel, logging } = load({});
    expect(app).toMatchObject({ name: 'ooder-skill', version: '0.6.0', host: '0.0.0.0', port: 8000, debug: false });
    expect(database).toMatchObject({ poolSize: 10, maxOverflow: 20 });
    expect([database.url, redis.url]).toEqual([undefined, undefined]);
    expect(security).toMatchObject({ jwtExpiry: 3600, algorithm: 'HS256', adminClientId: 'admin' });
    expect(redis).toMatchObject({ maxConnections: 50 });
    expect(aiBridge).toMatchObject({
      protocolVersion: '0.6.0',
      registryUrl: 'http://localhost:8080/api/v1/skills/register',
      heartbeatInterval: 30,
    });
    expect([app.publicUrl, aiBridge.clientId, aiBridge.clientSecret, aiBridge.apiKey]).toEqual(
      new Array(4).fill(undefined),
    );
    expect(registry.deregisterAfter).toBe(86_400);
    expect(channel).toEqual({ expiry: 3600, maxExpiry: 86_400, retention: 86_400, returnWait: 120 });
    expect(logging.level).toBe('info');
  });

  it('are read from the environment in the types that they have', () => {
    const { app, database, redis, aiBridge, registry, logging } = load({
      APP_PORT: ' 9000 ',
      APP_DEBUG: 'TRUE',
      DATABASE_URL: 'postgresql://u:p@db:5432/skill_db',
      REDIS_URL: 'rediss://:p@cache:6379/3',
      AI_BRIDGE_REGISTRY_URL: '',
      AI_BRIDGE_HEARTBEAT_INTERVAL: '5',
      AI_BRIDGE_CLIENT_ID: 'member',
      AI_BRIDGE_CLIENT_SECRET: 'a secret of the member',
      AI_BRIDGE_API_KEY: 'ok_0123456789',
      APP_PUBLIC_URL: 'https://registry.example.com/a/b',
      REGISTRY_DEREGISTER_AFTER: '0',
    });
    expect(app).toMatchObject({ port: 9000, debug: true, publicUrl: 'https://registry.example.com/a/b' });
    expect([database.url, redis.url]).toEqual(['postgresql://u:p@db:5432/skill_db', 'rediss://:p@cache:6379/3']);
    expect(aiBridge).toMatchObject({
      registryUrl: '',
      heartbeatInterval: 5,
      clientId: 'member',
      clientSecret: 'a secret of the member',
      apiKey: 'ok_0123456789',
    });
    expect(registry.deregisterAfter).toBe(0);
    expect(logging.level).toBe('debug');
  });

  it('take an empty value for none', () => {
    expect(load({ APP_PORT: '', DATABASE_URL: ' ', LOG_FILE: '' })).toEqual(load({}));
  });

  it('warn of variables that are spelled almost like them', () => {
    writeFileSync(join(folder, '.env'), 'APP_PROT=9001\n');
    expect(load({}).warnings).toEqual(['APP_PROT is no setting: did you mean APP_PORT?']);
  });

  it('turn on the membership of the default upstream registry in production only, or where it is set', () => {
    const isOff = (env: Record<string, string>) => load(env).aiBridge.isOffByDefault;
    const url = 'http://localhost:8080/api/v1/skills/register';
    const production = { NODE_ENV: 'production', SECURITY_JWT_SECRET: GOOD_SECRET };
    expect([isOff({}), isOff({ AI_BRIDGE_REGISTRY_URL: url }), isOff({ AI_BRIDGE_REGISTRY_URL: '' })]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isOff({ DATABASE_URL: 'postgresql://u:p@db:5432/skill_db' })).toBe(false);
    expect(isOff({ ...production, DATABASE_URL: 'postgresql://u:p@db:5432/skill_db' })).toBe(false);
  });

  it('are read from .env, and the environment wins', () => {
    writeFileSync(
      join(folder, '.env'),
      '# comment\nAPP_PORT=9001\nAPP_NAME="quoted name"\nexport APP_HOST=127.0.0.1\n',
    );
    expect(load({ APP_PORT: '9002' }).app).toMatchObject({ port: 9002, name: 'quoted name', host: '127.0.0.1' });
    expect(load({}).app.port).toBe(9001);
  });

  it('tell all their faults at once: variable, problem and example', () => {
    const { faults, message } = faultsOf({
      APP_PORT: 'eighty',
      APP_DEBUG: 'perhaps',
      APP_PUBLIC_URL: 'registry.example.com',
      APP_VERSION: '6',
      DATABASE_URL: 'mysql://u:p@h/d',
      DATABASE_POOL_SIZE: '0',
      SECURITY_ALGORITHM: 'none',
      SECURITY_JWT_EXPIRY: '1.5',
      REDIS_URL: 'localhost',
      AI_BRIDGE_API_KEY: 'a key',
      AI_BRIDGE_CLIENT_ID: 'c'.repeat(65),
      AI_BRIDGE_CLIENT_SECRET: 's'.repeat(1025),
      AI_BRIDGE_HEARTBEAT_INTERVAL: '-1',
      AI_BRIDGE_REGISTRY_URL: 'ftp://upstream/',
      REGISTRY_DEREGISTER_AFTER: '-1',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
    });
    expect(faults.map(({ variable }) => variable).toSorted()).toEqual([
      'AI_BRIDGE_API_KEY',
      'AI_BRIDGE_CLIENT_ID',
      'AI_BRIDGE_CLIENT_SECRET',
      'AI_BRIDGE_HEARTBEAT_INTERVAL',
      'AI_BRIDGE_REGISTRY_URL',
      'APP_DEBUG',
      'APP_PORT',
      'APP_PUBLIC_URL',
      'APP_VERSION',
      'DATABASE_POOL_SIZE',
      'DATABASE_URL',
      'LOG_LEVEL',
      'NODE_ENV',
      'REDIS_URL',
      'REGISTRY_DEREGISTER_AFTER',
      'SECURITY_ALGORITHM',
      'SECURITY_JWT_EXPIRY',
    ]);
    for (const { variable, problem, example } of faults) {
      expect(problem).toMatch(/^(must|is) /);
      expect(example).not.toBe('');
      expect(message).toContain(`${variable} ${problem} (example: ${example})`);
    }
    expect(message).toContain('17 setting(s)');
  });

  it.each([
    [
      'APP_PUBLIC_URL',
      ['ws://a/', 'http://', 'https://u:p@a/', 'https://a/?q=1', 'https://a/#f', 'https://a b/', 'http://a:x/'],
    ],
    [
      'AI_BRIDGE_REGISTRY_URL',
      [
        ...[
          'upstream',
          'ws://upstream/',
          'http://a b/',
          'http://upstream/',
          'http://10.0.0.1:8080/api/v1/skills/register',
        ],
        ...['http://localhost.example.com/', 'http://127.0.0.1.example.com/', 'http://[fe80::1]/'],
      ],
    ],
    ['AI_BRIDGE_MIRROR_SPACES', ['a b', 'a/b', 'a,*', 'x'.repeat(65)]],
    ['AI_BRIDGE_API_KEY', ['two words', 'key\tkey', 'schlüssel', 'k'.repeat(1025)]],
    ['AI_BRIDGE_HEARTBEAT_INTERVAL', ['0', '3601', '1.5', '30s']],
    ['REGISTRY_DEREGISTER_AFTER', ['-1', '31536001', '1.5', '1d', 'never']],
  ])('do not take for %s what it cannot be', (variable, values) => {
    for (const value of values) {
      expect([value, faultsOf({ [variable]: value }).faults]).toMatchObject([value, [{ variable }]]);
    }
  });

  it.each([
    ['APP_PUBLIC_URL', ['http://a', 'https://a.example:8443/', 'http://[::1]:8000/base', 'http://10.0.0.1']],
    [
      'AI_BRIDGE_REGISTRY_URL',
      [
        ...['', 'https://a.example/api/v1/skills/register', 'http://localhost:8080/api/v1/skills/register'],
        ...['http://127.0.0.1:1/x', 'http://127.9.9.9/x', 'http://[::1]:8080/x', 'http://registry.localhost/x'],
      ],
    ],
    ['AI_BRIDGE_MIRROR_SPACES', ['', 'building-7', 'a, b.c ,D_1']],
    ['AI_BRIDGE_HEARTBEAT_INTERVAL', ['1', '3600']],
    ['REGISTRY_DEREGISTER_AFTER', ['0', '31536000']],
  ])('take for %s all that it can be', (variable, values) => {
    for (const value of values) expect(() => load({ [variable]: value })).not.toThrow();
  });

  it('let the upstream registry be called without TLS where the settings say so', () => {
    const env = { AI_BRIDGE_REGISTRY_URL: 'http://registry.internal/api/v1/skills/register' };
    expect(faultsOf(env).faults).toMatchObject([{ problem: expect.stringContaining('AI_BRIDGE_ALLOW_HTTP') }]);
    expect(() => load({ ...env, AI_BRIDGE_ALLOW_HTTP: 'true' })).not.toThrow();
  });

  it('never repeat a value, which may be a secret', () => {
    const secrets = {
      DATABASE_URL: 'mysql://user:s3cret-db@h/d',
      REDIS_URL: 'http://:s3cret-redis@h',
      SECURITY_ADMIN_CLIENT_SECRET: 's3cret-short',
      SECURITY_JWT_SECRET: 's3cret-jwt',
      AI_BRIDGE_API_KEY: 's3cret key',
      AI_BRIDGE_CLIENT_SECRET: 's3cret'.repeat(200),
    };
    const { message } = faultsOf({ ...secrets, NODE_ENV: 'production' });
    expect(message).not.toContain('s3cret');
    for (const variable of Object.keys(secrets)) expect(message).toContain(variable);
  });

  it('refuse secrets that are hashed at less than the full cost in production', () => {
    const cheap = { SECURITY_ARGON2_MEMORY: '8', SECURITY_JWT_SECRET: GOOD_SECRET };
    expect(load(cheap).security.argon2Memory).toBe(8);
    const { faults } = faultsOf({ ...cheap, NODE_ENV: 'production' });
    expect(faults.map(({ variable }) => variable)).toEqual(['SECURITY_ARGON2_MEMORY']);
    expect(load({ NODE_ENV: 'production', SECURITY_JWT_SECRET: GOOD_SECRET }).security.argon2Memory).toBe(19_456);
  });

  it('need a key file for a key pair', () => {
    expect(faultsOf({ SECURITY_ALGORITHM: 'EdDSA' }).faults).toMatchObject([{ variable: 'SECURITY_PRIVATE_KEY_FILE' }]);
    expect(
      load({ SECURITY_ALGORITHM: 'ES256', SECURITY_PRIVATE_KEY_FILE: '/k.pem', NODE_ENV: 'production' }).warnings,
    ).toEqual([]);
  });

  it('name the limits of requests, and what stands between the service and its callers', () => {
    expect(load({}).rateLimit).toMatchObject({ reads: 60_000, writes: 12_000, token: 60 });
    expect(load({}).edge).toMatchObject({ corsOrigins: [], corsCredentials: false, trustProxy: [], isTls: false });
    expect(load({ RATE_LIMIT_TOKEN: '0' }).rateLimit.token).toBe(0);
    expect(load({ TRUST_PROXY: '10.0.0.0/8, ::1', CORS_ORIGINS: 'https://a.example.com,*' }).edge).toMatchObject({
      trustProxy: ['10.0.0.0/8', '::1'],
      corsOrigins: ['https://a.example.com', '*'],
    });
  });

  it.each<[string, Record<string, string>]>([
    ['RATE_LIMIT_READS', { RATE_LIMIT_READS: '-1' }],
    ['RATE_LIMIT_WRITES', { RATE_LIMIT_WRITES: 'many' }],
    ['RATE_LIMIT_TOKEN', { RATE_LIMIT_TOKEN: '1.5' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://a.example.com/path' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'a.example.com' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: '*', CORS_CREDENTIALS: 'true' }],
    ['TRUST_PROXY', { TRUST_PROXY: '0.0.0.0/0' }],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/33' }],
    ['TRUST_PROXY', { TRUST_PROXY: 'true' }],
    ['OUTBOUND_ALLOWED_CIDRS', { OUTBOUND_ALLOWED_CIDRS: '10.0.0.0/33' }],
    ['OUTBOUND_ALLOWED_CIDRS', { OUTBOUND_ALLOWED_CIDRS: '10.0.0.0/8,fd00::/129' }],
    ['OUTBOUND_ALLOWED_CIDRS', { OUTBOUND_ALLOWED_CIDRS: '10/8' }],
    ['OUTBOUND_ALLOWED_CIDRS', { OUTBOUND_ALLOWED_CIDRS: 'localhost' }],
    ['OUTBOUND_MAX_CONNECTIONS', { OUTBOUND_MAX_CONNECTIONS: '0' }],
    ['OUTBOUND_MAX_ORIGINS', { OUTBOUND_MAX_ORIGINS: 'many' }],
    ['OUTBOUND_CONNECT_TIMEOUT', { OUTBOUND_CONNECT_TIMEOUT: '60001' }],
    ['TLS_KEY_FILE', { TLS_CERT_FILE: '/tls.crt' }],
    ['TLS_CERT_FILE', { TLS_KEY_FILE: '/tls.key' }],
    ['SECURITY_ENCRYPTION_KEY', { SECURITY_ENCRYPTION_KEY: 'too-short' }],
    ['SECURITY_ENCRYPTION_KEY', { SECURITY_ENCRYPTION_KEY: '00'.repeat(32) }],
    ['SECURITY_PREVIOUS_ENCRYPTION_KEYS', { SECURITY_PREVIOUS_ENCRYPTION_KEYS: 'a,b' }],
  ])('%s is refused when it is %p', (variable, env) => {
    expect(faultsOf(env).faults.map((fault) => fault.variable)).toEqual([variable]);
  });

  it('keep an encryption key outside of production, and need none in production', () => {
    const kept = load({}).security.encryptionKey;
    expect(encryptionKeyOf(kept ?? '')).toHaveLength(32);
    expect(load({}).security.encryptionKey).toBe(kept);
    expect(statSync(join(folder, 'data', 'encryption-key')).mode & 0o777).toBe(0o600);
    const production = { NODE_ENV: 'production', SECURITY_JWT_SECRET: GOOD_SECRET };
    expect(load(production).security.encryptionKey).toBeUndefined();
    const hex = '0123456789abcdef'.repeat(4);
    expect(load({ ...production, SECURITY_ENCRYPTION_KEY: hex }).security.encryptionKey).toBe(hex);
    expect(() => loadSecretsSettings({ ...production, DATA_DIR: folder }, join(folder, '.env'))).toThrow('is not set');
  });

  it('read lists, and refuse a former secret that anybody could guess', () => {
    expect(
      load({ SECURITY_PREVIOUS_KEY_FILES: ' /a.pem, /b.pem,', SECURITY_PREVIOUS_JWT_SECRETS: GOOD_SECRET }).security,
    ).toMatchObject({
      previousKeyFiles: ['/a.pem', '/b.pem'],
      previousJwtSecrets: [GOOD_SECRET],
      refreshExpiry: 86_400,
    });
    const { faults, message } = faultsOf({ SECURITY_PREVIOUS_JWT_SECRETS: `${GOOD_SECRET},s3cret-short` });
    expect(faults).toMatchObject([
      { variable: 'SECURITY_PREVIOUS_JWT_SECRETS', problem: 'holds a secret that is shorter than 32 bytes' },
    ]);
    expect(message).not.toContain('s3cret');
  });

  it('ask the database commands for no secret of the service', () => {
    expect(loadDatabaseSettings({ NODE_ENV: 'production' }, join(folder, '.env')).database.poolSize).toBe(10);
    expect(() => loadDatabaseSettings({ DATABASE_POOL_SIZE: 'x' }, join(folder, '.env'))).toThrow(SettingsError);
  });

  it('stand in .env.example, all of them and no other, with a comment each, and it is valid', () => {
    const text = readFileSync('.env.example', 'utf8');
    const lines = text.split('\n');
    const assignments = lines.flatMap((line, index) => {
      const name = /^#?([A-Z][A-Z0-9_]+)=/.exec(line)?.[1];
      return name === undefined ? [] : [{ name, comment: lines[index - 1] ?? '' }];
    });
    expect(assignments.map(({ name }) => name).toSorted()).toEqual([...SETTING_VARIABLES].toSorted());
    for (const { name, comment } of assignments)
      expect([name, comment]).toEqual([name, expect.stringMatching(/^# \S/)]);
    const shown = parseEnv(text) as Record<string, string>;
    expect(shown.DATA_DIR).toBe('.data');
    expect(load({ ...shown, DATA_DIR: join(folder, 'data') })).toEqual(load({}));
  });
});
