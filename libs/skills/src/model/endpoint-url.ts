/** The address of a path below that of an endpoint: its query stays, and that of the path comes after it. */
export function urlBelow(endpointUrl: string, path: string): string {
  const url = new URL(endpointUrl);
  const [below = '', ...queries] = path.split('?');
  url.pathname = url.pathname.replace(/\/+$/, '') + (below.startsWith('/') ? below : `/${below}`);
  url.search = [url.search.slice(1), queries.join('?')].filter(Boolean).join('&');
  return url.toString();
}
