import type { TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import type { Client } from '../load/client.js';
import type { SkillRecord } from './skill-record.js';
import { changeOf, GONE, type Shown } from './stamped-skill.js';
import { auditedChanges, orphans, type StoredSkill, storedSkills } from './stored-skills.js';
import type { Violations } from './violations.js';

/** Milliseconds until all replicas answer what is stored: the largest age of their data (25 s), and a reserve. */
const AGREED_WITHIN_MS = 28_000;
const ANSWERED_AT_ONCE = 8;

/**
 * Compares acknowledged writes with the stored data, and the stored data with the answers of every replica: nothing lost, nothing
 * half done, nothing that was refused, no change without its entry in the audit log, and no entry without its change.
 */
export async function checkHistory(
  records: readonly SkillRecord[],
  database: TestDatabase,
  replicas: readonly Client[],
  violations: Violations,
): Promise<void> {
  const stored = new Map((await storedSkills(database)).map((skill) => [skill.name, skill]));
  const audited = await auditedChanges(database);
  for (const record of records) {
    const skill = stored.get(record.name);
    if (skill === undefined) checkAbsent(record, violations);
    else checkPresent(record, skill, violations);
    checkAudit(record, skill, audited.get(skill?.id ?? record.id ?? '') ?? 0, violations);
  }
  const lonely = await orphans(database);
  if (lonely > 0) violations.add('half-done', `${lonely} parts without a Skill`);
  for (const replica of replicas) await checkAnswers(records, stored, replica, violations);
}

function checkAbsent(record: SkillRecord, violations: Violations): void {
  if (record.acknowledged() > 0 && !record.mayBeGone) violations.add('lost', `${record.name} is not there`);
}

function checkPresent(record: SkillRecord, skill: StoredSkill, violations: Violations): void {
  const change = changeOf(skill);
  if (change === undefined) violations.add('half-done', `${record.name}: ${JSON.stringify(skill)}`);
  else if (change < record.acknowledged()) {
    violations.add('lost', `${record.name} has ${change}, and ${record.acknowledged()} was acknowledged`);
  } else if (!record.mayShow(change)) violations.add('refused, and there', `${record.name} has ${change}`);
  if (!skill.is_searchable) violations.add('half-done', `${record.name} is not in the search index`);
  if (record.acknowledged() === GONE) violations.add('lost', `${record.name} is there, though it was deleted`);
}

/** Number of committed changes: at least the acknowledged ones, at most these and the unknown ones. */
function checkAudit(
  record: SkillRecord,
  skill: StoredSkill | undefined,
  entries: number,
  violations: Violations,
): void {
  const acknowledged = record.count('acknowledged');
  const most = acknowledged + record.count('unknown');
  if (entries < acknowledged || entries > most) {
    violations.add('audit log', `${record.name}: ${entries} entries of ${acknowledged} to ${most} changes`);
  }
  if (skill !== undefined && skill.revision !== entries) {
    violations.add('audit log', `${record.name}: ${entries} entries of ${skill.revision} changes that are stored`);
  }
}

async function checkAnswers(
  records: readonly SkillRecord[],
  stored: ReadonlyMap<string, StoredSkill>,
  replica: Client,
  violations: Violations,
): Promise<void> {
  const known = records.filter(({ id }) => id !== undefined);
  for (let start = 0; start < known.length; start += ANSWERED_AT_ONCE) {
    await Promise.all(
      known.slice(start, start + ANSWERED_AT_ONCE).map(async (record) => {
        const skill = stored.get(record.name);
        const expected = skill === undefined ? GONE : changeOf(skill);
        let shown: number | undefined;
        const agrees = async (): Promise<boolean> => {
          const answer = await replica.ask<Shown>(`skills/${record.id}`);
          if (answer === undefined || ![200, 404].includes(answer.status)) shown = undefined;
          else shown = answer.status === 404 ? GONE : changeOf(answer.body);
          return shown === expected;
        };
        await until(agrees, AGREED_WITHIN_MS).catch(() => {
          violations.add('answered wrongly', `${record.name} at ${replica.base}: ${shown} instead of ${expected}`);
        });
      }),
    );
  }
}
