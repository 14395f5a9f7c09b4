import { IN_PLACE } from './keywords.js';
import { reasonAt, type SchemaTree, type Subschema } from './schema-tree.js';

/** Schemas that one value may be checked against, if all references are followed that stay at this value. */
const MAX_IN_PLACE = 10_000;

/** Sets the targets of all `$ref`. Returns what is wrong with them. */
export function resolveReferences({ nodes, root }: SchemaTree): string[] {
  const faults: string[] = [];
  const anchors = new Map<string, Subschema>();
  for (const node of nodes.values()) {
    const anchor = keywordOf(node, '$anchor');
    if (typeof anchor !== 'string') continue;
    if (anchors.has(anchor)) faults.push(reasonAt(`${node.place}/$anchor`, 'must not be there twice'));
    anchors.set(anchor, node);
  }
  for (const node of nodes.values()) {
    const reference = keywordOf(node, '$ref');
    if (typeof reference !== 'string') continue;
    if (!reference.startsWith('#')) {
      faults.push(reasonAt(`${node.place}/$ref`, 'must point into this schema (#…): nothing is fetched'));
      continue;
    }
    const fragment = decoded(reference.slice(1));
    const target =
      fragment === '' ? root : fragment?.startsWith('/') ? nodes.get(`#${fragment}`) : anchors.get(fragment ?? '');
    if (target) node.target = target;
    else faults.push(reasonAt(`${node.place}/$ref`, 'points to no schema'));
  }
  return faults.length > 0 ? faults : findEndless(nodes.values());
}

function keywordOf({ schema }: Subschema, keyword: string): unknown {
  return typeof schema === 'object' && Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

/** Finds references that come back to their place at the same value, and chains of them that multiply the work. */
function findEndless(nodes: Iterable<Subschema>): string[] {
  const counts = new Map<Subschema, number>();
  const open = new Set<Subschema>();
  let fault: string | undefined;

  const count = (node: Subschema): number => {
    const known = counts.get(node);
    if (known !== undefined || fault !== undefined) return known ?? 0;
    if (open.has(node)) {
      fault = reasonAt(node.place, 'refers to itself for the same value');
      return 0;
    }
    open.add(node);
    let sum = 1 + (node.target ? count(node.target) : 0);
    for (const { keyword, node: child } of node.children) if (IN_PLACE.has(keyword)) sum += count(child);
    open.delete(node);
    if (sum > MAX_IN_PLACE) fault ??= reasonAt(node.place, `checks a value against more than ${MAX_IN_PLACE} schemas`);
    counts.set(node, sum);
    return sum;
  };

  for (const node of nodes) count(node);
  return fault === undefined ? [] : [fault];
}
