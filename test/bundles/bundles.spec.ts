import { bundles, isAlone, specFiles } from './bundle.js';

describe('the bundles', () => {
  it('contain each spec once, except specs that run alone', () => {
    const bundled = [...bundles().values()].flat();
    expect(bundled.toSorted()).toEqual(specFiles().filter((spec) => !isAlone(spec)));
    expect(bundled).toContain('test/bundles/bundles.spec.ts');
  });
});
