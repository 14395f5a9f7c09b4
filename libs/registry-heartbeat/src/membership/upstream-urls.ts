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
 * The calls that stand beside the one that AI_BRIDGE_REGISTRY_URL names. Under `…/skills/register` they are those of
 * `…`; any other address is one of a registry that lives in its folder. User name and password are left out: `fetch`
 * refuses them, and its error repeats them. @throws TypeError when it is no URL.
 */
export function upstreamUrls(registryUrl: string): UpstreamUrls {
  const register = new URL(registryUrl);
  register.username = '';
  register.password = '';
  register.hash = '';
  const base = baseOf(register);
  return {
    register: register.href,
    batch: `${base}/skills/batch`,
    heartbeats: `${base}/heartbeats`,
    token: `${base}/auth/token`,
    heartbeat: (skillId) => `${base}/skills/${encodeURIComponent(skillId)}/heartbeat`,
    unregister: (skillId) => `${base}/skills/${encodeURIComponent(skillId)}/unregister`,
  };
}

/** Without a slash at its end. */
function baseOf({ origin, pathname }: URL): string {
  const [, prefix] = /^(.*)\/skills\/register\/?$/.exec(pathname) ?? [];
  return origin + (prefix ?? pathname.slice(0, pathname.lastIndexOf('/')));
}
