import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { BEARER_SCHEME, OAUTH2_SCHEME, PERMISSIONS } from '#auth';
import type { AppSettings } from '#config';
import { API_PREFIX } from './app.routes.js';

const DESCRIPTION = `Registry of the Skill protocol stack, Ooder AI Bridge v0.6.0. Get a token at \`POST /${API_PREFIX}/auth/token\`
(or press Authorize and give a client id and secret), register a Skill, discover it.`;

/** The OpenAPI 3.1 document, made from the routes themselves. */
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
    .addTag('capabilities', 'What Skills can do')
    .addTag('auth', 'Tokens and clients')
    .addTag('operations', 'Probes and metrics')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, BEARER_SCHEME)
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
  const document = SwaggerModule.createDocument(app, config);
  // Said, not left open: these routes need no token.
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (operation) operation.security ??= [];
    }
  }
  return document;
}

/** Swagger UI at /docs, the document at /openapi.json. */
export function serveOpenApi(app: INestApplication, settings: Pick<AppSettings, 'version'>): void {
  SwaggerModule.setup('docs', app, createOpenApiDocument(app, settings), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
    customSiteTitle: 'ooder-skill',
  });
}
