import type { SwaggerCustomOptions } from '@nestjs/swagger';

interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body?: unknown;
}

interface EnteredClient {
  clientId?: string;
  clientSecret?: string;
}

/** What a page of Swagger UI has as `window`. */
interface Page {
  ui?: { authSelectors: { authorized: () => { toJS: () => { oauth2?: EnteredClient } } } };
}

/**
 * Runs in the page, which gets its source text: it must not use anything outside of itself. Sends the client id and secret of
 * the form behind "Authorize" to the routes that a client opens with them, in place of what the fields of the body hold. OpenAPI
 * cannot say that with one form.
 */
function signAsClient(request: OutgoingRequest): OutgoingRequest {
  const { ui } = globalThis as Page;
  const { clientId, clientSecret } = ui?.authSelectors.authorized().toJS().oauth2 ?? {};
  if (clientId === undefined || clientSecret === undefined) return request;
  if (!/\/auth\/(token|revoke|introspect)$/.test(request.url) || request.headers.Authorization) return request;
  const pair = [clientId, clientSecret].map((part) => encodeURIComponent(part)).join(':');
  const signed = { ...request, headers: { ...request.headers, Authorization: `Basic ${btoa(pair)}` } };
  if (typeof request.body !== 'string' || request.body.startsWith('{')) return signed;
  // Swagger UI fills every field of a form.
  const form = new URLSearchParams(request.body);
  for (const name of ['client_id', 'client_secret']) form.delete(name);
  return { ...signed, body: form.toString() };
}

/** Swagger UI at `/docs`. */
export const SWAGGER_UI: SwaggerCustomOptions = {
  jsonDocumentUrl: 'openapi.json',
  yamlDocumentUrl: 'openapi.yaml',
  swaggerOptions: {
    // Tokens and secrets must not stay in the storage of a browser that several people use.
    persistAuthorization: false,
    displayRequestDuration: true,
    requestInterceptor: signAsClient,
  },
  customSiteTitle: 'ooder-skill',
};
