import { Inject, Injectable } from '@nestjs/common';
import { ConflictError } from '#common';
import { type RegistrySettings, registrySettings } from '#config';
import { prepared, RetryTransaction, type Transaction } from '#database';

/** A Skill that was deleted or renamed. */
export interface FormerSkill {
  id: string;
  name: string;
  owner: string;
}

/** The owner of the oldest Skill with a name. It owns names that an older release registered without an owner. */
const FIRST_OWNER = `(SELECT s.owner FROM skills s WHERE s.name = x.name ORDER BY s.created_at, s.id LIMIT 1)`;

/**
 * Names that cannot change hands until the end of the transaction: `FOR KEY SHARE` waits for a transfer (`FOR UPDATE`) and
 * keeps the next one waiting, but not other registrations. Free names are left out, because another client may take them.
 */
const holdNames = (names: string, client: string): string =>
  `SELECT n.name, n.owner FROM skill_names n WHERE n.name ${names} AND (n.owner = ${client}::varchar
     OR n.held_until > now() OR EXISTS (SELECT FROM skills s WHERE s.name = n.name)) ORDER BY n.name FOR KEY SHARE`;

/** Inserts names and owners that a query selects. Owners of Skills that have such a name already share it. */
const insertNames = (source: string): string => `claimed AS (
     INSERT INTO skill_names (name, owner) ${source} ON CONFLICT (name) DO NOTHING RETURNING name, owner),
   shared AS (
     INSERT INTO skill_name_shares (name, client_id) SELECT c.name, s.owner FROM claimed c CROSS JOIN LATERAL (
       SELECT DISTINCT s.owner FROM skills s WHERE s.name = c.name AND s.owner <> c.owner OFFSET 0) s)`;

/**
 * Expressions of a WITH clause: `held` and `claimed` have the names in `wanted` that now belong to somebody, and their
 * owners. A name that is in neither is free, or was claimed by another transaction meanwhile.
 */
export function claimNames(client: string): string {
  return `held AS MATERIALIZED (${holdNames('IN (SELECT name FROM wanted)', client)}),
   ${insertNames(
     `SELECT x.name, COALESCE(${FIRST_OWNER}, ${client}::varchar) FROM wanted x
      WHERE x.name NOT IN (SELECT name FROM held) ORDER BY x.name`,
   )}`;
}

/** Whether a name belongs to another client that does not share it. */
export function isForeignName(name: string, client: string): string {
  return `EXISTS (SELECT FROM skill_names n WHERE n.name = ${name} AND n.owner <> ${client}::varchar
    AND (n.held_until > now() OR EXISTS (SELECT FROM skills u WHERE u.name = n.name))
    AND NOT EXISTS (SELECT FROM skill_name_shares h WHERE h.name = n.name AND h.client_id = ${client}::varchar))`;
}

const HOLD = prepared('skill-names.hold', holdNames('= ANY($1::text[])', '$2'));

const CLAIM = prepared(
  'skill-names.claim',
  `WITH wanted AS MATERIALIZED (SELECT unnest($1::text[]) AS name), ${claimNames('$2')}
   SELECT name, owner FROM held UNION ALL SELECT name, owner FROM claimed`,
);

const ADOPT = `WITH ${insertNames(
  `SELECT x.name, x.owner FROM (SELECT x.name, ${FIRST_OWNER} AS owner FROM (SELECT $1::varchar AS name) x) x
   WHERE x.owner IS NOT NULL`,
)} SELECT FROM claimed`;

const FREE = `n.held_until <= now() AND NOT EXISTS (SELECT FROM skills s WHERE s.name = n.name)`;

/** Owners of names. Every statement locks names in the same order, so that batches do not deadlock. */
@Injectable()
export class SkillNames {
  constructor(@Inject(registrySettings.KEY) private readonly settings: Pick<RegistrySettings, 'nameHold'>) {}

  /**
   * Claims the names that have no owner. Returns the names that this client may use until the end of the transaction: its
   * own and those that are shared with it. All other names belong to other clients.
   */
  async claim(tx: Transaction, clientId: string, names: readonly string[]): Promise<Set<string>> {
    const wanted = [...new Set(names)];
    const owners = new Map<string, string>();
    const learn = (rows: { name: string; owner: string }[]): void => {
      for (const { name, owner } of rows) owners.set(name, owner);
    };
    const missing = (): string[] => wanted.filter((name) => !owners.has(name));
    learn(await tx.query(CLAIM, [wanted, clientId]));
    // Another transaction has claimed these meanwhile.
    if (missing().length > 0) learn(await tx.query(HOLD, [missing(), clientId]));
    // Free names of former owners. This lock is rare; taken more often, it could deadlock with waits for new names.
    if (missing().length > 0) {
      await this.takeOver(tx, clientId, missing());
      learn(await tx.query(HOLD, [missing(), clientId]));
      // The upkeep deleted it between two statements.
      if (missing().length > 0) throw new RetryTransaction(new ConflictError());
    }
    const own = wanted.filter((name) => owners.get(name) === clientId);
    const foreign = wanted.filter((name) => owners.get(name) !== clientId);
    return new Set([...own, ...(await this.sharedWith(tx, clientId, foreign))]);
  }

  /** Returns the names that belong to other clients now. It holds no lock. */
  async foreign(tx: Transaction, clientId: string, names: readonly string[]): Promise<Set<string>> {
    const rows = await tx.query<{ name: string }[]>(
      `SELECT x.name FROM unnest($1::text[]) AS x(name) WHERE ${isForeignName('x.name', '$2')}`,
      [names, clientId],
    );
    return new Set(rows.map(({ name }) => name));
  }

  /** Gives a name that an older release registered to the owner of its oldest Skill. */
  async adopt(tx: Transaction, name: string): Promise<void> {
    await tx.query(ADOPT, [name]);
  }

  /** Claims names for the owners of these Skills. Shares names that belong to other clients. For imports by an operator. */
  async grant(tx: Transaction, skills: readonly { name: string; owner: string }[]): Promise<void> {
    for (const owner of new Set(skills.map((skill) => skill.owner))) {
      const names = skills.filter((skill) => skill.owner === owner).map(({ name }) => name);
      const claimed = await this.claim(tx, owner, names);
      const foreign = names.filter((name) => !claimed.has(name));
      if (foreign.length > 0) {
        await tx.query(
          `INSERT INTO skill_name_shares (name, client_id) SELECT DISTINCT n.name, $2 FROM skill_names n
           WHERE n.name = ANY($1::text[]) ON CONFLICT DO NOTHING`,
          [foreign, owner],
        );
      }
    }
  }

  /**
   * Holds the names of these Skills, and with `ids` their ids, for their owners (REGISTRY_NAME_HOLD). It changes nothing for
   * names that other Skills have. The Skills are locked, or were deleted in this transaction.
   */
  async freed(tx: Transaction, skills: readonly FormerSkill[], { ids }: { ids: boolean }): Promise<void> {
    if (skills.length === 0) return;
    await tx.query(
      `INSERT INTO skill_names AS n (name, owner, held_until)
       SELECT DISTINCT ON (x.name) x.name, COALESCE(${FIRST_OWNER}, x.owner), now() + $3 * interval '1 second'
       FROM unnest($1::text[], $2::text[]) AS x(name, owner) ORDER BY x.name
       ON CONFLICT (name) DO UPDATE SET held_until = EXCLUDED.held_until, updated_at = now()`,
      [skills.map(({ name }) => name), skills.map(({ owner }) => owner), this.settings.nameHold],
    );
    if (!ids || this.settings.nameHold === 0) return;
    await tx.query(
      `INSERT INTO freed_skill_ids AS f (skill_id, name, owner, held_until)
       SELECT x.id, x.name, x.owner, now() + $4 * interval '1 second'
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(id, name, owner) ORDER BY x.id
       ON CONFLICT (skill_id) DO UPDATE SET name = EXCLUDED.name, owner = EXCLUDED.owner, held_until = EXCLUDED.held_until,
         updated_at = now()`,
      [
        skills.map(({ id }) => id),
        skills.map(({ name }) => name),
        skills.map(({ owner }) => owner),
        this.settings.nameHold,
      ],
    );
  }

  /** Locks first and checks afterwards: the former holder of the lock may have registered a Skill. */
  private async takeOver(tx: Transaction, clientId: string, names: readonly string[]): Promise<void> {
    await tx.query('SELECT FROM skill_names WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE', [names]);
    await tx.query(
      `WITH taken AS (
         UPDATE skill_names n SET owner = $2, held_until = now(), updated_at = now()
         WHERE n.name = ANY($1::text[]) AND n.owner <> $2::varchar AND ${FREE} RETURNING n.name)
       DELETE FROM skill_name_shares h USING taken t WHERE h.name = t.name`,
      [names, clientId],
    );
  }

  private async sharedWith(tx: Transaction, clientId: string, names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const rows = await tx.query<{ name: string }[]>(
      'SELECT name FROM skill_name_shares WHERE client_id = $1 AND name = ANY($2::text[])',
      [clientId, names],
    );
    return rows.map(({ name }) => name);
  }
}
