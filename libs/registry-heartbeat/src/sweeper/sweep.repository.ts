import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { type ChangedEndpoint, EndpointHealthWriter, LeaseTerms } from '#skills';
import type { LeaseRef } from '../leases/lease-store.js';
import { type SweepTerms, sweepTerms } from './sweep-terms.js';

/** The actor in the history. */
const ACTOR = 'sweeper';

/** Leases that were skipped because another transaction has locked their endpoints. */
interface Skipped {
  skipped: LeaseRef[];
}

export interface WarnedLeases extends Skipped {
  changed: ChangedEndpoint[];
}

export interface EndedLeases extends WarnedLeases {
  /** Leases that have ended, now or before. */
  ended: LeaseRef[];
  /** Leases with a recent heartbeat in PostgreSQL. */
  alive: LeaseRef[];
  /** Leases whose endpoint no longer exists. */
  gone: LeaseRef[];
}

/** What PostgreSQL has of leases that are about to end. */
export interface LeaseEvidence {
  /** Leases with a recent heartbeat in PostgreSQL. */
  heard: LeaseRef[];
  /** Leases whose endpoint no longer exists. */
  gone: LeaseRef[];
}

/**
 * Writes the changes of a sweep. `last_heartbeat` in PostgreSQL decides between a sweep and a heartbeat at the same moment:
 * the second transaction sees what the first has written. Heartbeats in the future are ignored: they were written before
 * the clock stepped back. A sweep skips locked rows, so a lock never keeps other leases from ending.
 */
@Injectable()
export class SweepRepository {
  private readonly sweep: SweepTerms;

  constructor(
    private readonly writer: EndpointHealthWriter,
    private readonly terms: LeaseTerms,
  ) {
    this.sweep = sweepTerms(terms);
  }

  /** Changes healthy endpoints of these leases to `warning`. */
  warn(session: Transaction, leases: readonly LeaseRef[]): Promise<WarnedLeases> {
    return session.transaction(async (tx) => {
      const { ids, skipped } = await this.lock(tx, leases);
      const silent = await tx.query<{ endpointId: string }[]>(
        `SELECT l.endpoint_id AS "endpointId" FROM endpoint_leases l JOIN skill_endpoints e ON e.id = l.endpoint_id
         WHERE l.endpoint_id = ANY($1::uuid[]) AND l.expired_at IS NULL AND e.health = 'healthy' AND ${SILENT}`,
        [ids, this.sweep.heardForWarning, this.terms.interval],
      );
      const changed = await this.writer.change(
        tx,
        silent.map(({ endpointId }) => ({ endpointId, health: 'warning', actor: ACTOR })),
      );
      return { changed, skipped };
    });
  }

  /** Finds the leases with a recent heartbeat, and those whose endpoint no longer exists. */
  async findEvidence(session: Transaction, leases: readonly LeaseRef[]): Promise<LeaseEvidence> {
    const rows = await session.query<{ endpointId: string; heard: boolean }[]>(
      `SELECT l.endpoint_id AS "endpointId", l.expired_at IS NULL AND NOT (${SILENT}) AS heard
       FROM endpoint_leases l WHERE l.endpoint_id = ANY($1::uuid[])`,
      [leases.map(({ endpointId }) => endpointId), this.sweep.heardForEnd, this.terms.interval],
    );
    const heard = new Map(rows.map((row) => [row.endpointId, row.heard]));
    return {
      heard: leases.filter(({ endpointId }) => heard.get(endpointId)),
      gone: leases.filter(({ endpointId }) => !heard.has(endpointId)),
    };
  }

  /** Ends the leases, and changes their endpoints to `unhealthy`. */
  end(session: Transaction, leases: readonly LeaseRef[]): Promise<EndedLeases> {
    return session.transaction(async (tx) => {
      const { ids, free, skipped } = await this.lock(tx, leases);
      await tx.query(
        `UPDATE endpoint_leases l SET expired_at = now(), updated_at = now()
         WHERE l.endpoint_id = ANY($1::uuid[]) AND l.expired_at IS NULL AND ${SILENT}`,
        [ids, this.sweep.heardForEnd, this.terms.interval],
      );
      const known = await tx.query<{ endpointId: string; ended: boolean }[]>(
        `SELECT endpoint_id AS "endpointId", expired_at IS NOT NULL AS ended
         FROM endpoint_leases WHERE endpoint_id = ANY($1::uuid[])`,
        [ids],
      );
      const ended = new Map(known.map((lease) => [lease.endpointId, lease.ended]));
      const select = (wanted: boolean | undefined): LeaseRef[] =>
        free.filter(({ endpointId }) => ended.get(endpointId) === wanted);
      const changed = await this.writer.change(
        tx,
        select(true).map(({ endpointId }) => ({ endpointId, health: 'unhealthy', actor: ACTOR })),
      );
      return { changed, ended: select(true), alive: select(false), gone: select(undefined), skipped };
    });
  }

  /**
   * Unregisters up to `limit` endpoints whose lease ended at least `after` seconds ago, and Skills without other endpoints.
   * Returns the ids of their Skills and the number of endpoints.
   */
  async unregister(session: Transaction, after: number, limit: number): Promise<{ skillIds: string[]; count: number }> {
    const find = (tx: Transaction, ids: readonly string[] | null): Promise<{ endpoint_id: string }[]> =>
      tx.query(
        `SELECT endpoint_id FROM endpoint_leases
         WHERE expired_at < now() - $1 * interval '1 second' AND ($2::uuid[] IS NULL OR endpoint_id = ANY($2::uuid[]))
         ORDER BY expired_at LIMIT $3`,
        [after, ids, limit],
      );
    const toIds = (rows: { endpoint_id: string }[]): string[] => rows.map(({ endpoint_id }) => endpoint_id);
    const found = toIds(await find(session, null));
    if (found.length === 0) return { skillIds: [], count: 0 };
    return session.transaction(async (tx) => {
      const held = await this.writer.tryLock(tx, found);
      // An endpoint that has come back meanwhile stays.
      const ids = toIds(await find(tx, found)).filter((id) => !held.has(id));
      return { skillIds: await this.writer.unregister(tx, ACTOR, ids), count: ids.length };
    });
  }

  /** Locks the endpoints of the leases. `free` are those locked now, `ids` the ids of their endpoints. */
  private async lock(
    tx: Transaction,
    leases: readonly LeaseRef[],
  ): Promise<Skipped & { ids: string[]; free: LeaseRef[] }> {
    const held = await this.writer.tryLock(
      tx,
      leases.map(({ endpointId }) => endpointId),
    );
    const free = leases.filter(({ endpointId }) => !held.has(endpointId));
    return {
      ids: free.map(({ endpointId }) => endpointId),
      free,
      skipped: leases.filter(({ endpointId }) => held.has(endpointId)),
    };
  }
}

/** No heartbeat within $2 milliseconds. */
const SILENT = `l.last_heartbeat NOT BETWEEN now() - $2 * interval '1 millisecond' AND now() + $3 * interval '1 millisecond'`;
