import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';

/** Clients in one answer that share a name. Only data from before names had owners has more. */
const MAX_SHOWN = 1_000;

/** A name, with its Skills in the given Spaces. */
export interface KnownName {
  name: string;
  owner: string;
  shared_with: string[];
  /** Whether Skills have the name. Then it is not free. */
  in_use: boolean;
  /** Whether a Skill of the name lies outside of the Spaces. */
  elsewhere: boolean;
  /** Owners of the Skills within the Spaces, at most 1,000. */
  visible_owners: string[];
}

/** A Skill that was given to another owner. */
export interface MovedSkill {
  id: string;
  name: string;
  version: string;
  registered_at: Date;
  space_id: string | null;
}

/** $1: the name; $2: Spaces, null: all. A name that was registered by a release before names had owners has no row. */
const FIND = `SELECT n.name, n.owner, EXISTS (SELECT FROM skills s WHERE s.name = $1) AS in_use,
    EXISTS (SELECT FROM skills s WHERE s.name = $1 AND (s.space_id = ANY($2::text[])) IS NOT TRUE) AS elsewhere,
    ARRAY(SELECT DISTINCT s.owner FROM skills s WHERE s.name = $1 AND ($2::text[] IS NULL OR s.space_id = ANY($2))
      ORDER BY s.owner LIMIT ${MAX_SHOWN}) AS visible_owners,
    ARRAY(SELECT h.client_id FROM skill_name_shares h WHERE h.name = $1 ORDER BY h.client_id LIMIT ${MAX_SHOWN}) AS shared_with
  FROM skill_names n WHERE n.name = $1
    AND (n.held_until > now() OR EXISTS (SELECT FROM skills s WHERE s.name = $1))`;

/** Reads, shares and transfers names. */
@Injectable()
export class NamesRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Undefined: the name is free. */
  async find(
    name: string,
    spaces: readonly string[] | undefined,
    tx: Pick<Transaction, 'query'> = this.dataSource,
  ): Promise<KnownName | undefined> {
    const [known] = await tx.query<KnownName[]>(FIND, [name, spaces ?? null]);
    return known;
  }

  /** Keeps other transactions from registering, sharing or transferring the name until the end of this one. */
  async lock(tx: Transaction, name: string): Promise<void> {
    await tx.query('SELECT FROM skill_names WHERE name = $1 FOR UPDATE', [name]);
  }

  async share(tx: Transaction, name: string, clientIds: readonly string[]): Promise<void> {
    await tx.query('DELETE FROM skill_name_shares WHERE name = $1 AND client_id <> ALL($2::text[])', [name, clientIds]);
    await tx.query(
      `INSERT INTO skill_name_shares (name, client_id) SELECT $1, x.id FROM unnest($2::text[]) AS x(id) ON CONFLICT DO NOTHING`,
      [name, clientIds],
    );
  }

  /** Gives the name, the owner's Skills with this name, and their held ids to another client. Returns the Skills. */
  async transfer(tx: Transaction, { name, owner }: KnownName, clientId: string): Promise<MovedSkill[]> {
    await tx.query('UPDATE skill_names SET owner = $2, updated_at = now() WHERE name = $1', [name, clientId]);
    await tx.query('DELETE FROM skill_name_shares WHERE name = $1 AND client_id = $2', [name, clientId]);
    await tx.query(
      'UPDATE freed_skill_ids SET owner = $3, updated_at = now() WHERE name = $1 AND owner = $2::varchar',
      [name, owner, clientId],
    );
    const [moved] = await tx.query<[MovedSkill[], number]>(
      `UPDATE skills SET owner = $3, revision = revision + 1, updated_at = now()
       WHERE id IN (SELECT id FROM skills WHERE name = $1 AND owner = $2::varchar ORDER BY name, version FOR NO KEY UPDATE)
       RETURNING id, name, version, registered_at, space_id`,
      [name, owner, clientId],
    );
    return moved;
  }

  /** Deletes the name and the held ids of its Skills. */
  async remove(tx: Transaction, name: string): Promise<void> {
    await tx.query('DELETE FROM freed_skill_ids WHERE name = $1', [name]);
    await tx.query('DELETE FROM skill_names WHERE name = $1', [name]);
  }

  /** Deletes up to `limit` ids that are free. Returns how many. */
  async purgeIds(tx: Transaction, limit: number): Promise<number> {
    const [, deleted] = await tx.query<[unknown[], number]>(
      `DELETE FROM freed_skill_ids WHERE skill_id IN (
         SELECT skill_id FROM freed_skill_ids WHERE held_until <= now() ORDER BY held_until LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return deleted;
  }

  /**
   * Deletes free names among the `limit` names after this one. Returns the last name it has read, or undefined at the end.
   */
  async purge(tx: Transaction, after: string, limit: number): Promise<string | undefined> {
    const page = await tx.query<{ name: string }[]>(
      'SELECT name FROM skill_names WHERE name > $1 ORDER BY name LIMIT $2',
      [after, limit],
    );
    const names = page.map(({ name }) => name);
    // Locks first: the former holder of a lock may have registered a Skill. The next statement sees it.
    const locked = await tx.query<{ name: string }[]>(
      `SELECT n.name FROM skill_names n WHERE n.name = ANY($1::text[]) AND n.held_until <= now()
         AND NOT EXISTS (SELECT FROM skills s WHERE s.name = n.name) ORDER BY n.name FOR UPDATE SKIP LOCKED`,
      [names],
    );
    if (locked.length > 0) {
      await tx.query(
        `DELETE FROM skill_names n WHERE n.name = ANY($1::text[]) AND NOT EXISTS (SELECT FROM skills s WHERE s.name = n.name)`,
        [locked.map(({ name }) => name)],
      );
    }
    return names.length === limit ? names.at(-1) : undefined;
  }
}
