import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SETTING_VARIABLES } from '#config';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { ensureBinary } from '../support/system-package.js';

interface ComposeService {
  environment?: Record<string, string>;
  healthcheck?: object;
  depends_on?: Record<string, { condition: string }>;
  profiles?: string[];
  ports?: unknown[];
  networks?: Record<string, unknown>;
}

const ROOT = resolve(import.meta.dirname, '..', '..');
const DOCKERFILE = readFileSync(join(ROOT, 'docker', 'Dockerfile'), 'utf8');

describe('docker/Dockerfile', () => {
  it('has no fault that a linter of Dockerfiles knows', () => {
    expect(validate(DOCKERFILE)).toEqual([]);
    expect(validate('FROM node:24-slim\nCOPI a b\n').map(({ message }) => message)).toEqual([
      expect.stringContaining('COPI'),
    ]);
  });

  it('starts what package.json starts in production, by a user that is not root', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(DOCKERFILE)?.[1] ?? '[]') as string[];
    expect(command.join(' ')).toBe(scripts['start:prod']);
    expect(DOCKERFILE.match(/^USER (.*)$/gm)).toEqual(['USER 1000:1000']);
  });
});

describe('docker/docker-compose.yml', () => {
  let folder: string;
  let compose: string;

  /** With the oldest Compose that the deployment guide allows where the system has it: it needs no engine for this. */
  function config(env: string, profile = 'monitoring'): { status: number | null; stdout: string; stderr: string } {
    writeFileSync(join(folder, '.env'), env);
    const args = ['-f', join(folder, 'docker-compose.yml'), '--profile', profile, 'config'];
    return spawnSync(compose, args, { encoding: 'utf8' });
  }

  /** What comes up with a profile: an old Compose shows the services of the others as well. */
  function namesOf(services: Record<string, ComposeService>, profile: string): string[] {
    const started = Object.entries(services).filter(([, { profiles }]) => profiles?.includes(profile) ?? true);
    return started.map(([name]) => name).sort();
  }

  beforeAll(() => {
    compose = ensureBinary(['docker-compose'], ['docker-compose', 'docker-compose-v2']);
    folder = mkdtempSync(join(tmpdir(), 'compose-'));
    cpSync(join(ROOT, 'docker', 'docker-compose.yml'), join(folder, 'docker-compose.yml'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is whole with the secrets of deploy/new-secrets.sh, and waits for healthy servers', () => {
    const { stdout: env } = spawnSync('sh', [join(ROOT, 'deploy', 'new-secrets.sh'), 'docker'], { encoding: 'utf8' });
    const { status, stdout, stderr } = config(env);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { services } = parse(stdout) as { services: Record<string, ComposeService> };
    expect(namesOf(services, 'monitoring')).toEqual(['db', 'grafana', 'prometheus', 'redis', 'skill-service']);
    expect(services['skill-service']?.depends_on).toEqual({
      db: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
    for (const name of ['db', 'redis']) expect(services[name]?.healthcheck).toBeDefined();
    for (const name of ['grafana', 'prometheus']) expect(services[name]?.profiles).toEqual(['monitoring']);
    const own = /^(POSTGRES|REDIS|GRAFANA_ADMIN)_PASSWORD$/;
    const variables = Object.keys(services['skill-service']?.environment ?? {}).filter((name) => !own.test(name));
    expect(variables.filter((name) => !SETTING_VARIABLES.includes(name))).toEqual([]);
    expect(variables).toContain('CALLBACK_SIGNING_SECRET');
  });

  it('has a place for traces, which only this machine can look into, and a service that is told of it', () => {
    const { stdout: env } = spawnSync('sh', [join(ROOT, 'deploy', 'new-secrets.sh'), 'docker'], { encoding: 'utf8' });
    const setting = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318' };
    const { status, stdout, stderr } = config(`${env}\nOTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger:4318\n`, 'tracing');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { services } = parse(stdout) as { services: Record<string, ComposeService> };
    expect(namesOf(services, 'tracing')).toEqual(['db', 'jaeger', 'redis', 'skill-service']);
    expect(services['skill-service']?.environment).toMatchObject(setting);
    // As text or as an object, by the version of Compose.
    expect(services.jaeger?.ports).toHaveLength(1);
    expect(JSON.stringify(services.jaeger?.ports)).toMatch(/127\.0\.0\.1.*16686/);
    expect(Object.keys(services.jaeger?.networks ?? {})).toEqual(['edge']);
    expect(Object.keys(services['skill-service']?.networks ?? {})).toContain('edge');
  });

  it('refuses to come up without a secret', () => {
    const { status, stderr } = config('POSTGRES_PASSWORD=x\nREDIS_PASSWORD=y\n');
    expect(status).not.toBe(0);
    expect(stderr).toContain('SECURITY_JWT_SECRET');
  });
});
