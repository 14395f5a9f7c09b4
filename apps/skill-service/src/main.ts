import { readFileSync } from 'node:fs';
import semver from 'semver';

// An older Node would end with a SyntaxError of some library as soon as it links the service. So nothing of the service
// is imported before the check.
const file = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
const { engines } = JSON.parse(file) as { engines: { node: string } };
if (semver.satisfies(process.versions.node, engines.node, { includePrerelease: true })) {
  await import('./start.js');
} else {
  process.stderr.write(`ooder-skill needs Node.js ${engines.node}, but this is ${process.versions.node}.\n`);
  process.exit(1);
}
