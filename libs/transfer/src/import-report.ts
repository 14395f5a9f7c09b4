import type { NumberedLine } from './checked-file.js';
import type { Status, Written } from './kind.js';

/** Missing secrets and conflicts that are listed by name; more are only counted. */
const MAX_TOLD = 1_000;

type Counts = Record<Status, number>;

interface Told {
  told: string[];
  total: number;
}

/** The result of an import. */
export class ImportReport {
  /** The key is the type of the lines. */
  readonly counts = new Map<string, Counts>();
  /** Objects that existed already. */
  readonly present: Told = { told: [], total: 0 };
  /** Parts of created objects that the file does not contain, such as secrets. */
  readonly lacking: Told = { told: [], total: 0 };

  add({ number, kind: { type } }: NumberedLine, { status, name, lacks }: Written): void {
    this.getCounts(type)[status] += 1;
    if (status === 'present') tell(this.present, `line ${number}: ${name}`);
    if (status === 'created') for (const lack of lacks) tell(this.lacking, `${name}: ${lack}`);
  }

  /** Adds the result of another batch. */
  merge(other: ImportReport): void {
    for (const [type, counts] of other.counts) {
      const own = this.getCounts(type);
      for (const status of Object.keys(own) as Status[]) own[status] += counts[status];
    }
    for (const list of ['present', 'lacking'] as const) {
      const room = MAX_TOLD - this[list].told.length;
      this[list].told.push(...other[list].told.slice(0, room));
      this[list].total += other[list].total;
    }
  }

  private getCounts(type: string): Counts {
    const counts = this.counts.get(type) ?? { created: 0, replaced: 0, present: 0, left: 0 };
    this.counts.set(type, counts);
    return counts;
  }
}

function tell(list: Told, text: string): void {
  list.total += 1;
  if (list.told.length < MAX_TOLD) list.told.push(text);
}
