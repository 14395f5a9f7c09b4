import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';

const alone = JSON.parse(readFileSync(new URL('./alone.json', import.meta.url), 'utf8'));

/**
 * Puts a spec that runs alone after each bundle, in the order of `alone.json`, the longest first. Bundles compute and the
 * others mostly wait: together they keep the cores busy. What is left are short specs, so that the workers end at about the
 * same time.
 */
export default class BundlesAmongOthers extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const bundles = sorted.filter(({ path }) => path.endsWith('.bundle.ts'));
    const others = sorted.filter((test) => !bundles.includes(test)).sort((a, b) => rank(a) - rank(b));
    return [...bundles.flatMap((bundle) => [bundle, ...others.splice(0, 1)]), ...others];
  }
}

function rank({ path, context }) {
  const file = relative(context.config.rootDir, path);
  const found = alone.findIndex((start) => file.startsWith(start));
  return found < 0 ? alone.length : found;
}
