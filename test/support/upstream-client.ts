import type { AiBridgeSettings } from '#config';
import { SettingsClient } from '#outbound';
import { UpstreamClient } from '../../libs/registry-heartbeat/src/membership/upstream-client.js';
import { UpstreamCredentials } from '../../libs/registry-heartbeat/src/membership/upstream-credentials.js';
import { UpstreamError, UpstreamHttp } from '../../libs/registry-heartbeat/src/membership/upstream-http.js';
import { upstreamUrls } from '../../libs/registry-heartbeat/src/membership/upstream-urls.js';
import type { UpstreamServer } from './upstream-server.js';

type Credentials = Pick<AiBridgeSettings, 'apiKey' | 'clientId' | 'clientSecret'>;

/** The client of a member, as the service makes it. */
export function upstreamClient(
  upstream: UpstreamServer,
  { credentials = {}, timeoutMs = 1_000 }: { credentials?: Credentials; timeoutMs?: number } = {},
): UpstreamClient {
  const urls = upstreamUrls(upstream.registryUrl);
  const http = new UpstreamHttp(timeoutMs, new SettingsClient());
  return new UpstreamClient(urls, new UpstreamCredentials(credentials, urls.token, http), http);
}

/** @throws Error when the call succeeds, or fails in another way than it may. */
export async function failureOf(call: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw new Error('not an UpstreamError', { cause: error });
  return error;
}
