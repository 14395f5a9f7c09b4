import { bundles, isAlone, specFiles } from './bundle.js';

describe('the bundles', () => {
  it('have each spec once, apart from those that run alone', () => {
    const bundled = [...bundles().values()].flat();
    expect(bundled.toSorted()).toEqual(specFiles().filter((spec) => !isAlone(spec)));
    expect(bundled).toContain('test/bundles/bundles.spec.ts');
  });
});
