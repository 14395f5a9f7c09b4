import { JsonText } from '#common';

/** Adds members that are not given, in front: what is given stays as it is written. `defaults`: names, and values as JSON. */
export function addDefaults(given: JsonText, defaults: readonly (readonly [name: string, json: string])[]): JsonText {
  const missing = defaults.filter(([name]) => !Object.hasOwn(given.value as object, name));
  if (missing.length === 0) return given;
  const added = missing.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join();
  const rest = given.text.slice(given.text.indexOf('{') + 1);
  return new JsonText(`{${added}${rest.trimStart().startsWith('}') ? '' : ','}${rest}`);
}
