import { TextField, TextListField, TimeField } from '#common';

/** More than the API allows: older releases had no owners of names, and no limit. */
const MAX_SHARED = 10_000;

/** A name in an export, with its owner (docs/adr/0031). */
export class NameLine {
  @TextField({ max: 255 })
  name: string;

  @TextField({ max: 255 })
  owner: string;

  @TextListField({ maxItems: MAX_SHARED, max: 255, required: false })
  shared_with?: string[];

  /** Set while no Skill has the name. */
  @TimeField({ required: false })
  held_until?: string;
}
