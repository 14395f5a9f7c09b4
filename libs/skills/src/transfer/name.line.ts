import { TextField, TextListField, TimeField } from '#common';

/** Data from before names had owners may have more than the API lets share. */
const MAX_SHARED = 10_000;

/** A name of Skills in an export: whose it is (docs/adr/0031). */
export class NameLine {
  @TextField({ max: 255 })
  name: string;

  @TextField({ max: 255 })
  owner: string;

  @TextListField({ maxItems: MAX_SHARED, max: 255, required: false })
  shared_with?: string[];

  /** While no Skill has it. */
  @TimeField({ required: false })
  held_until?: string;
}
