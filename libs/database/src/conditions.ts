/** Collects the conditions of a query and their parameters; values never become part of the text. */
export class Conditions {
  private readonly conditions: string[] = [];

  constructor(readonly parameters: unknown[] = []) {}

  /** Conditions of a part of the same query, with the same parameters. */
  sharing(): Conditions {
    return new Conditions(this.parameters);
  }

  /** Adds a parameter. Returns its placeholder. */
  readonly bind = (value: unknown): string => {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  };

  get isEmpty(): boolean {
    return this.conditions.length === 0;
  }

  /** Adds a condition that must hold too; undefined adds nothing. */
  add(condition: string | undefined): void {
    if (condition !== undefined) this.conditions.push(condition);
  }

  toString(): string {
    return this.conditions.length > 0 ? `WHERE ${this.conditions.join(' AND ')}` : '';
  }
}
