import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUNDLES = dirname(fileURLToPath(import.meta.url));
const ROOT = join(BUNDLES, '../..');
const SOURCES = ['apps', 'config', 'libs', 'test'];

/** The beginnings of the paths of specs that no bundle takes: they stop servers or start many processes. */
const ALONE = JSON.parse(readFileSync(join(BUNDLES, 'alone.json'), 'utf8')) as string[];

/** The paths of all spec files below the root of the repository, in a fixed order. */
export function specFiles(): string[] {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts'))
      .map((file) => `${folder}/${file}`),
  ).toSorted();
}

export function isAlone(spec: string): boolean {
  return ALONE.some((start) => spec.startsWith(start));
}

/** The specs of each bundle, by the name of its file. All bundles have about the same number of bytes to run. */
export function bundles(): Map<string, string[]> {
  const shares = readdirSync(BUNDLES)
    .filter((file) => file.endsWith('.bundle.ts'))
    .map((file) => ({ file, bytes: 0, specs: [] as string[] }));
  const sized = specFiles()
    .filter((spec) => !isAlone(spec))
    .map((spec) => ({ spec, bytes: statSync(join(ROOT, spec)).size }))
    .toSorted((a, b) => b.bytes - a.bytes);
  for (const { spec, bytes } of sized) {
    const smallest = shares.reduce((least, share) => (share.bytes < least.bytes ? share : least));
    smallest.bytes += bytes;
    smallest.specs.push(spec);
  }
  return new Map(shares.map(({ file, specs }) => [file, specs]));
}

type Declare = (...args: unknown[]) => void;
type Globals = Record<string, Declare & { each?: (table: unknown) => Declare }>;

/** What a spec may call at its top level. */
const DECLARATIONS = ['describe', 'it', 'test', 'beforeAll', 'beforeEach', 'afterEach', 'afterAll'];

/**
 * Imports the specs of this bundle. Each becomes a `describe` of its path, so that a report names the file, and hooks at the
 * top level of a spec run for this spec only.
 */
export async function importBundle(url: string): Promise<void> {
  const globals = globalThis as unknown as Globals;
  const jest = Object.fromEntries(DECLARATIONS.map((name) => [name, globals[name]])) as Globals;
  for (const spec of bundles().get(basename(fileURLToPath(url))) ?? []) {
    // `describe` cannot wait for an import: what the spec declares is noted down, and declared when it is there.
    const declared: (() => void)[] = [];
    for (const [name, declare] of Object.entries(jest)) {
      const note: Declare = (...args) => {
        declared.push(() => {
          declare(...args);
        });
      };
      const noteEach =
        (table: unknown): Declare =>
        (...args) => {
          declared.push(() => declare.each?.(table)(...args));
        };
      globals[name] = Object.assign(note, { each: noteEach });
    }
    await import(join(ROOT, spec));
    Object.assign(globals, jest);
    describe(spec, () => {
      for (const declare of declared) declare();
    });
  }
}
