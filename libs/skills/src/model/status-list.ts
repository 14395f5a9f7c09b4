/** Status codes of HTTP, both ends included. */
export type StatusRange = readonly [first: number, last: number];

/** Reads codes and ranges, such as `200,204,401-403`. Returns undefined if the text is anything else. */
export function readStatuses(text: string): StatusRange[] | undefined {
  const ranges: StatusRange[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^([1-5]\d\d)(?: *- *([1-5]\d\d))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(first) > Number(last)) return undefined;
    ranges.push([Number(first), Number(last)]);
  }
  return ranges;
}
