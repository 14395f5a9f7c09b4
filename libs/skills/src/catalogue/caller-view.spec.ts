import type { Identity } from '#auth';
import { viewOf } from './caller-view.js';

const identity = (...spaces: string[]): Identity => ({
  clientId: 'client',
  role: 'viewer',
  permissions: new Set(),
  spaces: new Set(spaces),
});

describe('the view of a caller', () => {
  it('is the same for the same Spaces in any order', () => {
    expect(viewOf(identity('a', 'b'))).toBe(viewOf(identity('b', 'a')));
  });

  it('differs for other Spaces, for no Space, and for callers who see everything', () => {
    const all: Identity = { clientId: 'client', role: 'admin', permissions: new Set() };
    const views = [all, identity(), identity('a'), identity('b'), identity('a', 'b'), identity('a","b'), identity('*')];
    expect(new Set(views.map(viewOf)).size).toBe(views.length);
  });
});
