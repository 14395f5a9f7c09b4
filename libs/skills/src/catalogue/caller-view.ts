import type { Identity } from '#auth';

const EVERYTHING = '*';
/** An identity lives as long as its token is cached. */
const views = new WeakMap<Identity, string>();

/** Returns a text that is equal for callers who see the same Skills, and for no others. */
export function viewOf(identity: Identity): string {
  const { spaces } = identity;
  if (spaces === undefined) return EVERYTHING;
  let view = views.get(identity);
  if (view === undefined) {
    view = JSON.stringify([...spaces].sort());
    views.set(identity, view);
  }
  return view;
}
