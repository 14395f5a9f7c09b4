import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_KEY_SCHEME, BEARER_SCHEME, OAUTH2_SCHEME, PERMISSION_TEXTS } from '#auth';
import { BODY_LIMIT, ERROR_CATALOGUE, ErrorResponse, HttpRefusal, JSON_TYPES, buildExample } from '#common';
import type { AppSettings } from '#config';
import { API_PREFIX } from './app.routes.js';
import { setExample } from './openapi-examples.js';
import { GROUPS, orderPaths } from './openapi-groups.js';
import { WEBHOOKS } from './openapi-webhooks.js';
import { SWAGGER_UI } from './swagger-ui.js';

const DESCRIPTION = `Registry of the Skill protocol stack, Ooder AI Bridge v0.6.0: agents find **Skills** here and call them.

**First steps.** Press **Authorize** and give a client id and its secret; the last lines of the first start say where that of
\`admin\` is. Without a choice of scopes the token has all permissions of the client. Start the sample Skill
(\`npm run sample-skill\`), then go through the groups from top to bottom: every example works as it is prefilled. Ids that no
example can know, such as that of a channel, are in the answer before.

**Two styles.** The same Skills can be used in two styles. Paths, codes and access are the same; answers and paging differ.

| | protocol style | resource style |
| --- | --- | --- |
| groups | registry, commands, channels, capabilities | skills, names, clients |
| used by | Skills and agents, by AI Bridge | tools that manage Skills as resources (REST) |
| answer | \`{"code": 0, "message": "success", "data": …}\` | the resource itself, with 201 or 204 where HTTP has them |
| again | \`register\` renews what is known | \`POST /skills\` refuses what is known (1006) |
| pages | \`page\`, \`page_size\` | \`skip\`, \`limit\` |
| errors | \`{"code", "message", "details", "trace_id", "timestamp"}\` in both, with the fitting HTTP status | |

Errors of the token routes have the form of OAuth 2.0.`;

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
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('ooder-skill')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, BEARER_SCHEME)
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, API_KEY_SCHEME)
    .addOAuth2(
      {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: `/${API_PREFIX}/auth/token`,
            scopes: { ...PERMISSION_TEXTS },
          },
        },
      },
      OAUTH2_SCHEME,
    );
  for (const { name, description } of GROUPS) builder.addTag(name, description);
  const document = { ...SwaggerModule.createDocument(app, builder.build()), webhooks: WEBHOOKS };
  document.paths = orderPaths(document.paths);
  for (const [url, path] of Object.entries(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (!operation) continue;
      // An explicit empty list: these routes need no token.
      operation.security ??= [];
      setExample(operation);
      if (url.startsWith(`/${API_PREFIX}/`)) operation.responses['429'] ??= TOO_MANY_REQUESTS;
      if (operation.requestBody === undefined) continue;
      operation.responses = { ...BODY_REFUSALS, ...operation.responses };
    }
  }
  return document;
}

/** Swagger UI at /docs and the document at /openapi.json, made for the first request: the start does not wait for it. */
export function serveOpenApi(app: INestApplication, settings: Pick<AppSettings, 'version'>): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, settings), SWAGGER_UI);
}
