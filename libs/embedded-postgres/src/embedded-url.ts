import { SUPERUSER } from './cluster-init.js';

export const DEFAULT_DATABASE = 'skill_db';

/** It listens on the loopback only. */
export function embeddedUrl(server: { password: string; port: number; database?: string }): string {
  const { password, port, database = DEFAULT_DATABASE } = server;
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}
