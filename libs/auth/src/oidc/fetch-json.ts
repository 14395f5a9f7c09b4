import { traceCall, type Tracer } from '#tracing';

/** Milliseconds for the whole answer. */
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 262_144;

/** GETs JSON of bounded size in bounded time; follows no redirect. @throws Error that says which, and quotes nothing */
export function fetchJson(url: string, tracer?: Tracer): Promise<unknown> {
  const headers = { accept: 'application/json' };
  if (tracer === undefined) return fetchWith(url, headers);
  const call = { name: 'GET', url, headers, attributes: { 'http.request.method': 'GET' } };
  return traceCall(tracer, call, (traced) => fetchWith(url, traced));
}

async function fetchWith(url: string, headers: Readonly<Record<string, string>>): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Error('it does not answer', { cause: error });
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answers with status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > MAX_BYTES) throw new Error(`its answer is over ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}
