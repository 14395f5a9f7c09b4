import type { Identity } from '#auth';

const EVERYTHING = '*';
/** Identities live as long as their token is remembered. */
const views = new WeakMap<Identity, string>();

/** The same text for callers who see the same Skills, and for no others. Spaces have no blank in their names. */
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
