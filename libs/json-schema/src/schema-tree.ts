import { isObject } from '#common';
import { LISTS, MAPS, SINGLE } from './keywords.js';

/** Schemas in one schema, itself included. */
export const MAX_SUBSCHEMAS = 1_000;

/** Characters of a place in a reason. */
const MAX_PLACE = 200;

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema inside of a schema. */
export interface Subschema {
  /** The JSON pointer to it, as a fragment (RFC 6901 section 6, but without percent-encoding). */
  place: string;
  schema: JsonSchema | boolean;
  children: { keyword: string; key: string | number | undefined; node: Subschema }[];
  /** What its `$ref` points to. */
  target?: Subschema;
}

export interface SchemaTree {
  root: Subschema;
  nodes: ReadonlyMap<string, Subschema>;
  faults: string[];
}

/** Finds the schemas in a schema. Its levels must be bounded. It stops at the first schema beyond `MAX_SUBSCHEMAS`. */
export function readTree(schema: JsonSchema): SchemaTree {
  const nodes = new Map<string, Subschema>();
  const faults: string[] = [];

  const read = (value: unknown, place: string): Subschema => {
    const node: Subschema = { place, schema: true, children: [] };
    if (nodes.size === MAX_SUBSCHEMAS) {
      if (faults.at(-1) !== TOO_MANY) faults.push(TOO_MANY);
      return node;
    }
    nodes.set(place, node);
    if (typeof value === 'boolean') node.schema = value;
    else if (!isObject(value)) faults.push(reasonAt(place, 'must be a schema: an object, true or false'));
    else {
      node.schema = value;
      readChildren(node, value);
    }
    return node;
  };

  const readChildren = (node: Subschema, value: JsonSchema): void => {
    const add = (keyword: string, key: string | number | undefined, child: unknown): void => {
      const place = `${node.place}/${keyword}${key === undefined ? '' : `/${escapeKey(String(key))}`}`;
      node.children.push({ keyword, key, node: read(child, place) });
    };
    for (const keyword of SINGLE) if (Object.hasOwn(value, keyword)) add(keyword, undefined, value[keyword]);
    for (const keyword of LISTS) {
      if (!Object.hasOwn(value, keyword)) continue;
      const list = value[keyword];
      if (Array.isArray(list) && list.length > 0) for (const [index, item] of list.entries()) add(keyword, index, item);
      else faults.push(reasonAt(`${node.place}/${keyword}`, 'must be a list of schemas'));
    }
    for (const keyword of MAPS) {
      if (!Object.hasOwn(value, keyword)) continue;
      const map = value[keyword];
      if (isObject(map)) for (const [key, item] of Object.entries(map)) add(keyword, key, item);
      else faults.push(reasonAt(`${node.place}/${keyword}`, 'must be an object of schemas'));
    }
  };

  return { root: read(schema, '#'), nodes, faults };
}

/** A reason with its place. Callers choose the names in it: it is cut. */
export function reasonAt(place: string, reason: string): string {
  return `${place.length > MAX_PLACE ? `${place.slice(0, MAX_PLACE).toWellFormed()}…` : place} ${reason}`;
}

const TOO_MANY = `has more than ${MAX_SUBSCHEMAS} schemas in it`;

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
