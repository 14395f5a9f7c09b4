/** A row that an upsert of endpoints or capabilities wrote; `name` is the url of an endpoint. */
export interface WrittenPart {
  id: string;
  skill_id: string;
  name: string;
  created: boolean;
}

/** Finds what was written by Skill and name. */
export class WrittenParts {
  private readonly byKey: ReadonlyMap<string, WrittenPart>;

  constructor(written: readonly WrittenPart[]) {
    this.byKey = new Map(written.map((part) => [`${part.skill_id} ${part.name}`, part]));
  }

  get(skillId: string, name: string): WrittenPart {
    const part = this.byKey.get(`${skillId} ${name}`);
    if (!part) throw new Error('an upsert did not return its row');
    return part;
  }
}
