/** Addresses of the calls of an upstream registry. */
export interface UpstreamUrls {
  register: string;
  batch: string;
  heartbeats: string;
  token: string;
  heartbeat(skillId: string): string;
  unregister(skillId: string): string;
}

/**
 * Derives the URLs of the upstream registry from AI_BRIDGE_REGISTRY_URL. If it ends with `/skills/register`, the base is the
 * part before that; otherwise it is the URL up to the last slash. Removes user name and password: `fetch` refuses them, and
 * its error would repeat them. @throws TypeError if it is not a URL
 */
export function upstreamUrls(registryUrl: string): UpstreamUrls {
  const register = new URL(registryUrl);
  register.username = '';
  register.password = '';
  register.hash = '';
  const base = findBase(register);
  return {
    register: register.href,
    batch: `${base}/skills/batch`,
    heartbeats: `${base}/heartbeats`,
    token: `${base}/auth/token`,
    heartbeat: (skillId) => `${base}/skills/${encodeURIComponent(skillId)}/heartbeat`,
    unregister: (skillId) => `${base}/skills/${encodeURIComponent(skillId)}/unregister`,
  };
}

/** Returns the base without a slash at its end. */
function findBase({ origin, pathname }: URL): string {
  const [, prefix] = /^(.*)\/skills\/register\/?$/.exec(pathname) ?? [];
  return origin + (prefix ?? pathname.slice(0, pathname.lastIndexOf('/')));
}
