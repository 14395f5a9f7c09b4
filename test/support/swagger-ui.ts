import { runInNewContext } from 'node:vm';
import { type OpenApiDocument, type Operation, resolve, type Route, type Schema } from '../e2e/openapi.model.js';

/** A request as Swagger UI hands it to its interceptor. */
interface UiRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

export interface UiAnswer {
  status: number;
  /** JSON, or the text as it is; undefined for an empty body. */
  body: unknown;
}

type Interceptor = (request: UiRequest) => UiRequest;

interface Client {
  clientId: string;
  clientSecret: string;
}

/** Values of path parameters by operation, which links of earlier answers have named. */
type Linked = Map<string, Record<string, string>>;

/**
 * "Try it out" and "Execute" of Swagger UI: sends what it fills in, with the interceptor of the served page, and signed in with
 * the form of the OAuth 2.0 client. Follows the links of the answers.
 */
export class SwaggerUi {
  private readonly linked: Linked = new Map();

  private constructor(
    private readonly base: string,
    readonly document: OpenApiDocument,
    private readonly intercept: Interceptor,
    private readonly token: string,
  ) {}

  /** Opens the page and signs in. @throws Error when the client is refused; its message is what the form shows */
  static async open(base: string, client: Client): Promise<SwaggerUi> {
    const document = (await (await fetch(`${base}/openapi.json`)).json()) as OpenApiDocument;
    const script = await (await fetch(`${base}/docs/swagger-ui-init.js`)).text();
    const flow = document.components.securitySchemes.oauth2?.flows?.clientCredentials;
    if (flow === undefined) throw new Error('There is no form for a client id and secret');
    const answer = await fetch(new URL(flow.tokenUrl, base), {
      method: 'POST',
      headers: {
        origin: base,
        authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`,
      },
      // No scope is ticked.
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: '' }),
    });
    const body = (await answer.json()) as { access_token: string; error?: string; error_description?: string };
    if (!answer.ok) {
      throw new Error(`${answer.statusText}, error: ${body.error}, description: ${body.error_description}`);
    }
    return new SwaggerUi(base, document, readInterceptor(script, client), body.access_token);
  }

  async execute(route: Route): Promise<UiAnswer> {
    const request = this.intercept(this.prefill(route));
    const response = await fetch(request.url, request);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const body: unknown = text === '' ? undefined : isJson ? JSON.parse(text) : text;
    this.follow(route.operation, response.status, body);
    return { status: response.status, body };
  }

  private prefill({ id, method, path, operation }: Route): UiRequest {
    const headers: Record<string, string> = {};
    const query = new URLSearchParams();
    let url = path;
    for (const { name, in: place, required, schema, example } of operation.parameters ?? []) {
      const value = (this.linked.get(id)?.[name] ?? example ?? schema.example ?? schema.default) as string | undefined;
      if (value === undefined) {
        if (required) throw new Error(`${id} needs ${name}, and neither an example nor an answer before has it`);
      } else if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value));
      else if (place === 'query') query.append(name, value);
      else if (name.toLowerCase() !== 'authorization') headers[name] = value;
    }
    if ((operation.security ?? []).length > 0) headers.Authorization = `Bearer ${this.token}`;
    const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
    let body: string | undefined;
    if (type !== undefined) {
      if (content?.example === undefined) throw new Error(`${id} has no example of its body`);
      headers['Content-Type'] = type;
      body = type.includes('json') ? JSON.stringify(content.example) : this.fillForm(content.schema ?? {});
    }
    const search = query.size > 0 ? `?${query.toString()}` : '';
    return {
      url: this.base + url + search,
      method: method.toUpperCase(),
      headers,
      ...(body !== undefined && { body }),
    };
  }

  /** Every field, whether it is required or not, and whatever the example of the body is. */
  private fillForm(schema: Schema): string {
    const fields = Object.entries(resolve(this.document, schema).properties ?? {});
    const values = fields.map(([name, field]): [string, string] => [
      name,
      (field.example ?? field.enum?.[0] ?? 'string') as string,
    ]);
    return new URLSearchParams(values).toString();
  }

  private follow({ responses }: Operation, status: number, body: unknown): void {
    for (const { operationId, parameters } of Object.values(responses[status]?.links ?? {})) {
      const values = Object.entries(parameters).map(([name, expression]) => [name, readPointer(body, expression)]);
      this.linked.set(operationId, { ...this.linked.get(operationId), ...Object.fromEntries(values) });
    }
  }
}

/** Runs the start script of the page, with a Swagger UI that only takes its options. */
function readInterceptor(script: string, oauth2: Client): Interceptor {
  let taken: { requestInterceptor?: Interceptor } = {};
  const ui = { authSelectors: { authorized: () => ({ toJS: () => ({ oauth2 }) }) } };
  const bundle = (options: typeof taken): typeof ui => {
    taken = options;
    return ui;
  };
  const page: Record<string, unknown> = {
    btoa,
    URLSearchParams,
    SwaggerUIStandalonePreset: {},
    location: { search: '' },
  };
  page.window = page;
  page.SwaggerUIBundle = Object.assign(bundle, { presets: { apis: {} }, plugins: { DownloadUrl: {} } });
  runInNewContext(`${script}; window.onload();`, page);
  return taken.requestInterceptor ?? ((request) => request);
}

/** `$response.body#/data/0/id` of an answer. */
function readPointer(body: unknown, expression: string): unknown {
  const [start, ...parts] = expression.split('/');
  if (start !== '$response.body#') throw new Error(`${expression} is not understood`);
  return parts.reduce((value, part) => (value as Record<string, unknown> | undefined)?.[part], body);
}
