import { type INestApplication, RequestMethod } from '@nestjs/common';

export const API_PREFIX = 'api/v1';

/** Routes for operators and probes, outside of the versioned API. */
const UNVERSIONED = [
  'health',
  'livez',
  'readyz',
  'metrics',
  '.well-known/jwks.json',
  '.well-known/oauth-authorization-server',
];

export function setPrefix(app: INestApplication): void {
  app.setGlobalPrefix(API_PREFIX, { exclude: UNVERSIONED.map((path) => ({ path, method: RequestMethod.ALL })) });
}
