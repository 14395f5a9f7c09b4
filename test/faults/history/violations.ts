/** Violations of one kind that a report shows; more are only counted. */
const TOLD = 5;

/** Collects violations in the history, by kind. */
export class Violations {
  private readonly kinds = new Map<string, string[]>();

  add(kind: string, what: string): void {
    this.kinds.set(kind, [...(this.kinds.get(kind) ?? []), what]);
  }

  count(kind: string): number {
    return this.kinds.get(kind)?.length ?? 0;
  }

  get told(): string[] {
    return [...this.kinds].map(([kind, all]) => {
      const more = all.length > TOLD ? `; and ${all.length - TOLD} more` : '';
      return `${kind}: ${all.slice(0, TOLD).join('; ')}${more}`;
    });
  }
}
