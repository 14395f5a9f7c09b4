import { setTimeout as delay } from 'node:timers/promises';

interface Credentials {
  clientId: string;
  secret: string;
}

interface Call {
  method?: string;
  headers?: Record<string, string>;
  json?: unknown;
  form?: Record<string, string>;
  text?: string;
}

const ENDPOINT = 'http://localhost:8001';

/** Uses every kind of secret that a service takes or gives, well and badly, and remembers them all. */
export class SecretRun {
  /** What `use` gets to know, besides the secrets of the settings. */
  static readonly KINDS = [
    'client secret',
    'rotated client secret',
    'API key',
    'access token',
    'refresh token',
    'next refresh token',
    'metadata',
    'patched metadata',
    'parameter',
    'authorization',
    'invoke path',
  ] as const;

  readonly known = new Map<string, string>();
  readonly errors: { request: string; text: string }[] = [];
  /** How often each status was answered. */
  readonly answered = new Map<number, number>();
  private token = '';

  constructor(
    private readonly url: string,
    private readonly admin: Credentials,
  ) {}

  know(name: string, secret: string | undefined): string {
    if (secret === undefined || secret.length < 12) throw new Error(`No ${name}: ${String(secret)}`);
    this.known.set(name, secret);
    return secret;
  }

  /** The names of the secrets that a text holds, as they are or as forms, JSON or HTTP Basic write them. */
  leaksIn(text: string): string[] {
    return [...this.known].flatMap(([name, secret]) => {
      const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), percentEncoded(secret)];
      // After `id:` of any length there are three ways in which base64 can fall.
      const basic = forms.slice(0, 2).flatMap((form) =>
        [0, 1, 2].map((before) =>
          Buffer.from(`${'x'.repeat(before)}${form}`)
            .toString('base64')
            .slice(4, -4),
        ),
      );
      return [...forms, ...basic].some((form) => text.includes(form)) ? [name] : [];
    });
  }

  /** The lines that hold one, for who has to find out why. */
  leakingLines(text: string): string[] {
    return text.split('\n').filter((line) => this.leaksIn(line).length > 0);
  }

  async textOf(path: string): Promise<string> {
    const answer = await fetch(this.url + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    return answer.text();
  }

  /** Refused requests are written once a second. */
  async waitForAudit(): Promise<void> {
    await delay(1_500);
  }

  /** As it is meant. */
  async use(): Promise<void> {
    const { clientId, secret } = this.admin;
    const granted = await this.good('/auth/token', { form: this.grantOf(clientId, secret) });
    this.token = this.know('access token', granted.access_token);
    this.know('refresh token', granted.refresh_token);
    const made = await this.good('/auth/clients', {
      json: { client_id: 'weather', name: 'Weather', role: 'publisher' },
      headers: this.bearer(),
    });
    const first = this.know('client secret', made.client_secret);
    const basic = { headers: { authorization: basicOf('weather', first) } };
    await this.good('/auth/token', { form: { grant_type: 'client_credentials' }, ...basic });
    const refreshed = await this.good('/auth/token', {
      json: { ...this.grantOf(clientId, secret), grant_type: 'refresh_token', refresh_token: granted.refresh_token },
    });
    this.know('next refresh token', refreshed.refresh_token);
    await this.good('/auth/introspect', { form: { token: this.token }, ...basic });
    const key = await this.good('/auth/clients/weather/api-keys', { json: { name: 'key' }, headers: this.bearer() });
    this.know('API key', key.api_key);
    const rotated = await this.good('/auth/clients/weather/rotate-secret', {
      json: { overlap: 600 },
      headers: this.bearer(),
    });
    this.know('rotated client secret', rotated.client_secret);
    await this.skills();
  }

  /** By every way of writing. */
  private async skills(): Promise<void> {
    const metadata = this.know('metadata', 'a-very-secret-metadata-value');
    const parameter = this.know('parameter', 'a-very-secret-parameter-value');
    const patched = this.know('patched metadata', 'a-patched-metadata-value');
    const headers = { 'x-api-key': this.known.get('API key') ?? '' };
    const skillOf = (name: string) => ({
      name,
      version: '1.0.0',
      endpoints: [{ url: ENDPOINT, parameters: { password: { value: parameter, secret: true } } }],
      metadata: { api_key: { value: metadata, secret: true } },
    });
    const created = await this.good('/skills/', {
      json: skillOf('one'),
      headers: { ...headers, 'idempotency-key': 'secret-1' },
    });
    await this.good('/skills/register', { json: skillOf('two'), headers });
    await this.good('/skills/batch', { json: { skills: [skillOf('three'), { name: metadata }] }, headers });
    const path = `/skills/${created.skill_id ?? ''}`;
    const change = { metadata: { api_key: { value: patched, secret: true } } };
    await this.good(path, { method: 'PATCH', json: change, headers });
    await this.good(path, { method: 'PUT', json: skillOf('one'), headers });
    await this.good(`${path}/heartbeat`, { json: {}, headers });
    for (const read of [path, '/skills/', '/skills/discover', `${path}/status`])
      await this.good(read, { method: 'GET', headers });
  }

  /** Every secret where it does not belong. */
  async misuse(): Promise<void> {
    await Promise.all([...this.known.values()].map((secret) => this.misuseOf(secret)));
    await this.inPaths();
    await this.tooOften();
  }

  private async misuseOf(secret: string): Promise<void> {
    const quoted = encodeURIComponent(secret);
    for (const path of [
      `/skills/?access_token=${quoted}`,
      `/skills/?token=${quoted}&limit=x`,
      `/skills/discover?metadata.api_key=${quoted}&page=0`,
      `/audit?actor=${quoted}&page=0`,
    ]) {
      await this.send(path, { headers: this.bearer() });
      await this.send(path);
    }
    await this.send(`/auth/token?client_id=admin&client_secret=${quoted}`, { method: 'POST' });
    await this.send(`/auth/token?client_secret=${quoted}`);
    for (const authorization of [
      `Bearer ${quoted}`,
      `Basic ${quoted}`,
      quoted,
      `Token ${quoted}`,
      basicOf('admin', secret),
    ])
      await this.send('/skills/', { headers: { authorization } });
    await this.send('/skills/', { headers: { 'x-api-key': quoted } });
    await this.send('/skills/', { headers: { ...this.bearer(), 'x-api-key': quoted } });
    await this.send('/skills/', { headers: { 'user-agent': `curl Bearer ${quoted}` } });
    await this.atTheTokenEndpoint(secret);
    await this.inBodies(secret);
  }

  /** A wrong secret, in the wrong place, or in the place of the id. */
  private async atTheTokenEndpoint(secret: string): Promise<void> {
    const grant = this.grantOf('weather', secret);
    await this.send('/auth/token', { form: { ...grant, client_secret: `${secret}x` } });
    await this.send('/auth/token', { form: { ...grant, client_id: secret, client_secret: 'weather' } });
    await this.send('/auth/token', { form: { grant_type: secret } });
    await this.send('/auth/token', {
      form: { ...grant, scope: secret, client_secret: this.known.get('client secret') ?? '' },
    });
    await this.send('/auth/token', { form: grant, headers: { authorization: basicOf('weather', secret) } });
    await this.send('/auth/token', {
      headers: { authorization: basicOf(secret, 'weather') },
      form: { grant_type: 'client_credentials' },
    });
    await this.send('/auth/token', { json: { ...grant, client_secret: [secret] } });
    await this.send('/auth/token', { json: { ...grant, grant_type: 'refresh_token', refresh_token: secret } });
    await this.send('/auth/revoke', { form: { token: secret, client_id: 'weather', client_secret: `${secret}y` } });
    await this.send('/auth/introspect', { text: `token=${secret}`, headers: { 'content-type': 'text/plain' } });
  }

  private async inBodies(secret: string): Promise<void> {
    const bodies = [
      { name: 'bad', version: secret, endpoints: [{ url: secret }], metadata: { key: { value: secret } } },
      { name: 'bad', version: '1.0.0', endpoints: [{ url: `http://user:${encodeURIComponent(secret)}@x.example` }] },
      {
        name: 'bad',
        version: '1.0.0',
        endpoints: [{ url: ENDPOINT, parameters: { password: { value: secret, secret: 1 } } }],
      },
      {
        name: 'bad',
        version: '1.0.0',
        endpoints: [{ url: ENDPOINT }],
        metadata: { key: { value: `${secret}\u0000`, secret: true } },
      },
      { name: 'bad', version: '1.0.0', endpoints: secret, capabilities: secret, metadata: secret },
    ];
    for (const json of bodies) {
      for (const path of ['/skills/', '/skills/register', '/skills/batch'])
        await this.send(path, { json: path.endsWith('batch') ? { skills: [json] } : json, headers: this.bearer() });
    }
    const broken = { text: `{"client_secret": "${secret}", `, headers: { 'content-type': 'application/json' } };
    await this.send('/skills/', { ...broken, headers: { ...broken.headers, ...this.bearer() } });
    await this.send('/auth/token', broken);
    await this.send('/auth/clients', { json: { name: 'x', role: secret, spaces: secret }, headers: this.bearer() });
    await this.send('/heartbeats', { json: { heartbeats: [{ skill_id: secret }] }, headers: this.bearer() });
  }

  /** Those that are known by their form, in the path: the others are a word like any other. */
  private async inPaths(): Promise<void> {
    const names = ['access token', 'API key', 'refresh token', 'client secret', 'callbackSigning'];
    const secrets = names.map((name) => this.known.get(name) ?? '');
    for (const secret of secrets.flatMap((plain) => [encodeURIComponent(plain), percentEncoded(plain)])) {
      const path = `/skills/${secret}`;
      await this.send(`/nowhere/${secret}`);
      await this.send(`/skills/?${secret}=1`, { headers: this.bearer() });
      await this.send(path, { headers: { 'x-api-key': this.known.get('API key') ?? '' } });
      await this.send(path, { headers: { authorization: 'Bearer of.no.token' } });
      await this.send(path, { method: 'DELETE' });
      await this.send(`/auth/clients/${secret}`, {
        headers: { 'x-api-key': this.known.get('API key') ?? '' },
      });
    }
  }

  /** With the id and the secret exchanged, until it is refused for that. */
  private async tooOften(): Promise<void> {
    const swapped = this.grantOf(this.known.get('rotated client secret') ?? '', 'weather');
    for (let times = 0; times < 20; times += 1) await this.send('/auth/token', { form: swapped });
    for (let times = 0; times < 450 && !this.answered.has(429); times += 1)
      await this.send('/auth/token', { form: swapped });
  }

  bearer(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  private grantOf(client_id: string, client_secret: string): Record<string, string> {
    return { grant_type: 'client_credentials', client_id, client_secret };
  }

  async good(path: string, call: Call): Promise<Record<string, string | undefined>> {
    const { status, text } = await this.send(path, { method: 'POST', ...call });
    if (status >= 400) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text) as Record<string, string>;
  }

  async send(
    path: string,
    { method, headers = {}, json, form, text }: Call = {},
  ): Promise<{ status: number; text: string }> {
    const body = json === undefined ? (form ? new URLSearchParams(form) : text) : JSON.stringify(json);
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
      body,
    });
    const said = await answer.text();
    this.answered.set(answer.status, (this.answered.get(answer.status) ?? 0) + 1);
    const all = `${said}\n${JSON.stringify([...answer.headers])}`;
    if (answer.status >= 400)
      this.errors.push({ request: `${answer.status} ${path.split('?', 1)[0] ?? ''}`, text: all });
    return { status: answer.status, text: said };
  }
}

/** Every byte of it, as nobody has to. */
function percentEncoded(text: string): string {
  return Buffer.from(text).toString('hex').replace(/../g, '%$&');
}

/** Form-encoded first (RFC 6749 section 2.3.1). */
function basicOf(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}
