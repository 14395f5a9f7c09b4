import { startTestApp, type TestApp } from '../../support/test-app.js';
import { checkHistory } from './history-check.js';
import { type Attempt, SkillRecord } from './skill-record.js';
import { GONE, stampedSkill } from './stamped-skill.js';
import { Violations } from './violations.js';

let number = 0;

describe('the check of a history', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  /** A Skill that was created and changed once, with its record. */
  async function changed(): Promise<SkillRecord> {
    number += 1;
    const record = new SkillRecord(`history-spec-${number}`);
    const authorization = `Bearer ${app.admin}`;
    const created = await app.http
      .post('/api/v1/skills/')
      .set({ authorization })
      .send(stampedSkill(record.name, 1))
      .expect(201);
    record.id = created.body.skill_id;
    const path = `/api/v1/skills/${record.id}`;
    await app.http.put(path).set({ authorization }).send(stampedSkill(record.name, 2)).expect(200);
    record.attempts.push(attempt(1), attempt(2));
    return record;
  }

  function attempt(change: number, verdict: Attempt['verdict'] = 'acknowledged'): Attempt {
    return { change, verdict, by: undefined, answeredAt: 0 };
  }

  async function violationsOf(record: SkillRecord): Promise<string[]> {
    const violations = new Violations();
    await checkHistory([record], app.database, [], violations);
    return violations.told;
  }

  it('finds nothing if everything was stored as acknowledged', async () => {
    expect(await violationsOf(await changed())).toEqual([]);
  });

  it('accepts both outcomes of a write without an answer', async () => {
    const record = await changed();
    record.attempts.push(attempt(3, 'unknown'));
    expect(await violationsOf(record)).toEqual([]);
    record.attempts.splice(1, 1, attempt(2, 'unknown'));
    expect(await violationsOf(record)).toEqual([]);
  });

  it('finds a lost change, a lost Skill and a lost deletion', async () => {
    const record = await changed();
    record.attempts.push(attempt(3));
    expect(await violationsOf(record)).toContainEqual(expect.stringMatching(/^lost: .+ has 2, and 3/));
    const missing = new SkillRecord('history-never');
    missing.attempts.push(attempt(1));
    expect(await violationsOf(missing)).toContainEqual(expect.stringMatching(/^lost: history-never is not there/));
    const deleted = await changed();
    deleted.attempts.push(attempt(GONE));
    expect(await violationsOf(deleted)).toContainEqual(expect.stringMatching(/^lost: .+ though it was deleted/));
  });

  it('finds a change that was refused but is stored', async () => {
    const record = await changed();
    record.attempts.splice(1, 1, attempt(2, 'refused'));
    expect(await violationsOf(record)).toContainEqual(expect.stringMatching(/^refused, and there/));
  });

  it.each([
    ['an endpoint', `DELETE FROM skill_endpoints WHERE skill_id = $1 AND url LIKE '%/2?%'`],
    ['a capability', `DELETE FROM capabilities WHERE skill_id = $1 AND name = 'three'`],
    [
      'a parameter of another change',
      `UPDATE capability_params SET description = '1'
      WHERE capability_id IN (SELECT id FROM capabilities WHERE skill_id = $1 AND name = 'three')`,
    ],
    ['metadata of another change', `UPDATE skill_metadata SET value = '1' WHERE skill_id = $1`],
    ['the search index', `DELETE FROM skill_search WHERE skill_id = $1`],
  ])('finds what was done by halves: %s', async (_, statement) => {
    const record = await changed();
    await app.database.query(statement, [record.id]);
    expect(await violationsOf(record)).toContainEqual(expect.stringMatching(/^half-done: /));
  });

  it('finds a change without an entry in the audit log, and an entry without its change', async () => {
    const record = await changed();
    await app.database.query('UPDATE skills SET revision = 1 WHERE id = $1', [record.id]);
    expect(await violationsOf(record)).toContainEqual(expect.stringMatching(/^audit log: .+ 2 entries of 1 changes/));
    const silent = await changed();
    silent.attempts.push(attempt(3), attempt(4));
    expect(await violationsOf(silent)).toContainEqual(expect.stringMatching(/^audit log: .+ 2 entries of 4 to 4/));
  });
});
