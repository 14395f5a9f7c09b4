// node scripts/pin-images.mjs            pins every base image to the present digest of its tag; needs Docker and the registries
// node scripts/pin-images.mjs --check    changes nothing, and fails if a tag has moved, for example with a security update
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Files that name base images. */
const FILES = [
  'docker/Dockerfile',
  'docker/docker-compose.yml',
  'deploy/kubernetes/overlays/dev/postgres.yaml',
  'deploy/kubernetes/overlays/dev/redis.yaml',
];
/** `name:tag@digest`; the tag can be the default of a Compose variable. */
const PINNED = /([\w./-]+):(\$\{\w+:-)?([\w.-]+)@(sha256:[\da-f]{64})/g;
const DIGEST = /^sha256:[\da-f]{64}$/;

const known = new Map();

/** Digest of the index, which is the same for every platform. */
function digestOf(image) {
  if (!known.has(image)) {
    const args = ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'];
    const digest = execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
    if (!DIGEST.test(digest)) throw new Error(`${image}: the registry names no digest`);
    known.set(image, digest);
  }
  return known.get(image);
}

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
let moved = 0;
for (const file of FILES) {
  const text = readFileSync(file, 'utf8');
  const pinned = text.replace(PINNED, (_, name, variable = '', tag, digest) => {
    const now = digestOf(`${name}:${tag}`);
    if (now !== digest) {
      moved += 1;
      console.log(`${file}: ${name}:${tag} is ${now}, no longer ${digest}`);
    }
    return `${name}:${variable}${tag}@${now}`;
  });
  if (!check && pinned !== text) writeFileSync(file, pinned);
}
if (check && moved > 0) process.exitCode = 1;
