// Builds dist/ when a source is newer than the last build, so that `npm start` needs no separate build step.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import semver from 'semver';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Without this check, an old Node would end with a SyntaxError of some library.
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
if (!semver.satisfies(process.versions.node, engines.node, { includePrerelease: true })) {
  process.stderr.write(`ooder-skill needs Node.js ${engines.node}, but this is ${process.versions.node}.\n`);
  process.exit(1);
}

const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const entry = join(root, 'dist', 'apps', 'skill-service', 'src', 'main.js');
const inputs = ['apps', 'libs', 'config', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Time of the newest change below `path`, in ms. The time of a folder counts too: a deleted file changes only that. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const present = inputs.map((input) => join(root, input)).filter((path) => existsSync(path));
const fresh = existsSync(entry) && statSync(entry).mtimeMs > Math.max(...present.map(newest));
// An image with only dist/ has no compiler, and needs none.
if (!fresh && existsSync(nest)) {
  process.stderr.write('building …\n');
  const { status } = spawnSync(process.execPath, [nest, 'build', 'skill-service'], { cwd: root, stdio: 'inherit' });
  process.exit(status ?? 1);
}
