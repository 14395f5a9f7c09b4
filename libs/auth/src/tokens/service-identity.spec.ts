import { createServer } from 'node:http';
import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppSettings, SecuritySettings } from '#config';
import { ServiceIdentity } from './service-identity.js';

const PUBLIC_URL = 'https://registry.example.com';

describe('ServiceIdentity', () => {
  const identityOf = (app: Partial<AppSettings>, security: Partial<SecuritySettings> = {}): ServiceIdentity => {
    const host = new HttpAdapterHost();
    host.httpAdapter = new FastifyAdapter({ serverFactory: createServer });
    host.httpAdapter.initHttpServer({});
    return new ServiceIdentity(
      Object.assign(new AppSettings(), app),
      Object.assign(new SecuritySettings(), security),
      host,
    );
  };

  it.each([
    ['the local address', {}, {}, 'http://localhost:8000', ['ooder-skill', 'https://localhost:8443']],
    ['in production the name', { environment: 'production' }, {}, 'ooder-skill', []],
    ['the public URL', { publicUrl: PUBLIC_URL, environment: 'production' }, {}, PUBLIC_URL, ['ooder-skill']],
    ['what the settings say', {}, { jwtIssuer: 'me' }, 'me', []],
    ['that before the public URL', { publicUrl: PUBLIC_URL }, { jwtIssuer: 'me' }, 'me', [PUBLIC_URL]],
  ])('is %s, and accepts tokens from before a change of the settings', (_, app, security, issuer, others) => {
    const identity = identityOf(app, security);
    expect(identity).toMatchObject({ issuer, audience: 'ooder-skill' });
    for (const accepted of [issuer, ...others])
      expect([accepted, identity.accepts(accepted)]).toEqual([accepted, true]);
    for (const other of ['other', '', undefined, 7, 'https://other.example.com', `x${issuer}`])
      expect([other, identity.accepts(other)]).toEqual([other, false]);
  });
});
