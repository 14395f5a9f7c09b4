import TestSequencer from '@jest/test-sequencer';

/**
 * Puts a spec that runs alone after each bundle. Bundles compute and the others mostly wait: together they keep the cores
 * busy. What is left are short specs, so that the workers end at about the same time.
 */
export default class BundlesAmongOthers extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const bundles = sorted.filter(({ path }) => path.endsWith('.bundle.ts'));
    const others = sorted.filter((test) => !bundles.includes(test));
    return [...bundles.flatMap((bundle) => [bundle, ...others.splice(0, 1)]), ...others];
  }
}
