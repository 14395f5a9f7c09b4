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
    ['the local address', {}, {}, 'http://localhost:8000', undefined],
    ['in production the name', { environment: 'production' }, {}, 'ooder-skill', ['ooder-skill']],
    [
      'the public URL',
      { publicUrl: PUBLIC_URL, environment: 'production' },
      {},
      PUBLIC_URL,
      ['ooder-skill', PUBLIC_URL],
    ],
    ['what the settings say', {}, { jwtIssuer: 'me' }, 'me', ['me']],
    [
      'what the settings say before the public URL',
      { publicUrl: PUBLIC_URL },
      { jwtIssuer: 'me' },
      'me',
      ['me', PUBLIC_URL],
    ],
  ])('is %s, and accepts the tokens of a replica with the settings before', (_, app, security, issuer, accepted) => {
    expect(identityOf(app, security)).toMatchObject({ issuer, acceptedIssuers: accepted, audience: 'ooder-skill' });
  });
});
