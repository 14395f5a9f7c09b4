import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_KEY_SCHEME, BEARER_SCHEME, OAUTH2_SCHEME, PERMISSIONS } from '#auth';
import { BODY_LIMIT, ERROR_CATALOGUE, ErrorResponse, HttpRefusal, JSON_TYPES, buildExample } from '#common';
import type { AppSettings } from '#config';
import { API_PREFIX } from './app.routes.js';
import { WEBHOOKS } from './openapi-webhooks.js';

const DESCRIPTION = `Registry of the Skill protocol stack, Ooder AI Bridge v0.6.0. Get a token at \`POST /${API_PREFIX}/auth/token\`
(or press Authorize and give a client id and secret), register a Skill, discover it.`;

/** For every route except probes and documents: the server limits requests, not the route. */
const TOO_MANY_REQUESTS = {
  description: `${ERROR_CATALOGUE[1009].title} (1009)`,
  headers: {
    'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' as const } },
    'RateLimit-Policy': { description: 'The quota: "writes";q=12000;w=60', schema: { type: 'string' as const } },
    RateLimit: { description: 'What remains of it: "writes";r=0;t=42', schema: { type: 'string' as const } },
  },
  content: {
    'application/json': {
      schema: { $ref: getSchemaPath(ErrorResponse) },
      examples: { '1009': { value: buildExample(1009) } },
    },
  },
};

function describeRefusal({ code, details }: HttpRefusal, description: string) {
  return {
    description: `${description} (${code})`,
    content: {
      'application/json': {
        schema: { $ref: getSchemaPath(ErrorResponse) },
        examples: { [code]: { value: { ...buildExample(code), details } } },
      },
    },
  };
}

/** For every route with a body: the server refuses it, not the route. */
const BODY_REFUSALS = {
  413: describeRefusal(HttpRefusal.tooLarge(BODY_LIMIT), 'The body is too large'),
  415: describeRefusal(
    HttpRefusal.wrongMediaType(JSON_TYPES.slice(0, 1)),
    'The body has a media type or a content coding that is not supported',
  ),
};

/** Makes the OpenAPI 3.1 document from the routes. */
export function createOpenApiDocument(app: INestApplication, { version }: Pick<AppSettings, 'version'>): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('ooder-skill')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addTag('skills', 'Skills as resources')
    .addTag('registry', 'Skills in the protocol style: register, discover, status')
    .addTag('names', 'Owners of the names of Skills')
    .addTag('capabilities', 'What Skills can do')
    .addTag('commands', 'Calls of Skills and their results')
    .addTag('channels', 'Conversations with capabilities, and their context')
    .addTag('auth', 'Tokens and clients')
    .addTag('audit', 'Audit log')
    .addTag('operations', 'Probes and metrics')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, BEARER_SCHEME)
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, API_KEY_SCHEME)
    .addOAuth2(
      {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: `/${API_PREFIX}/auth/token`,
            scopes: Object.fromEntries(PERMISSIONS.map((permission) => [permission, permission])),
          },
        },
      },
      OAUTH2_SCHEME,
    )
    .build();
  const document = { ...SwaggerModule.createDocument(app, config), webhooks: WEBHOOKS };
  for (const [url, path] of Object.entries(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (!operation) continue;
      // An explicit empty list: these routes need no token.
      operation.security ??= [];
      if (url.startsWith(`/${API_PREFIX}/`)) operation.responses['429'] ??= TOO_MANY_REQUESTS;
      if (operation.requestBody === undefined) continue;
      operation.responses = { ...BODY_REFUSALS, ...operation.responses };
    }
  }
  return document;
}

/** Swagger UI at /docs and the document at /openapi.json, made for the first request: the start does not wait for it. */
export function serveOpenApi(app: INestApplication, settings: Pick<AppSettings, 'version'>): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, settings), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    // Tokens and secrets must not stay in the storage of a browser that several people use.
    swaggerOptions: { persistAuthorization: false, displayRequestDuration: true },
    customSiteTitle: 'ooder-skill',
  });
}
