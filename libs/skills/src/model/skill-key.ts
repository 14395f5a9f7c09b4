/** A Skill's identity, for maps; names may hold any character but NUL. */
export function keyOf({ name, version }: { name: string; version: string }): string {
  return `${name}\u0000${version}`;
}
