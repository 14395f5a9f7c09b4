import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { type ChangedEndpoint, EndpointHealthWriter, LeaseTerms } from '#skills';
import type { LeaseRef } from '../leases/lease-store.js';
import { type SweepTerms, sweepTerms } from './sweep-terms.js';

/** Who changed it, in the history. */
const ACTOR = 'sweeper';

/** Leases whose endpoints somebody else holds: nothing was decided of them. */
interface PassedOver {
  passedOver: LeaseRef[];
}

export interface WarnedLeases extends PassedOver {
  changed: ChangedEndpoint[];
}

export interface EndedLeases extends WarnedLeases {
  /** Their lease has ended, now or before. */
  ended: LeaseRef[];
  /** PostgreSQL has heard of them lately. */
  alive: LeaseRef[];
  /** Of endpoints that are no more. */
  gone: LeaseRef[];
}

/** What PostgreSQL says of leases that are about to end. */
export interface Testimony {
  /** Heard of lately, whatever the lease store says. */
  heard: LeaseRef[];
  /** Of endpoints that are no more. */
  gone: LeaseRef[];
}

/**
 * What a sweep writes. PostgreSQL's `last_heartbeat` is the second witness of life, and the one that decides between a
 * sweep and a heartbeat at the same moment: whoever comes second sees what the first has written. Heartbeats of the
 * future count for nothing: they were written before the clock stepped back. A sweep waits for no row: one that somebody
 * holds, for however long, keeps no other lease from ending.
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

  /** Endpoints that were healthy are in `warning`. */
  warn(session: Transaction, leases: readonly LeaseRef[]): Promise<WarnedLeases> {
    return session.transaction(async (tx) => {
      const { ids, passedOver } = await this.lock(tx, leases);
      const silent = await tx.query<{ endpointId: string }[]>(
        `SELECT l.endpoint_id AS "endpointId" FROM endpoint_leases l JOIN skill_endpoints e ON e.id = l.endpoint_id
         WHERE l.endpoint_id = ANY($1::uuid[]) AND l.expired_at IS NULL AND e.health = 'healthy' AND ${SILENT}`,
        [ids, this.sweep.heardForWarning, this.terms.interval],
      );
      const changed = await this.writer.change(
        tx,
        silent.map(({ endpointId }) => ({ endpointId, health: 'warning', actor: ACTOR })),
      );
      return { changed, passedOver };
    });
  }

  async testimony(session: Transaction, leases: readonly LeaseRef[]): Promise<Testimony> {
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

  /** The leases end, and their endpoints are `unhealthy`. */
  end(session: Transaction, leases: readonly LeaseRef[]): Promise<EndedLeases> {
    return session.transaction(async (tx) => {
      const { ids, free, passedOver } = await this.lock(tx, leases);
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
      const of = (wanted: boolean | undefined): LeaseRef[] =>
        free.filter(({ endpointId }) => ended.get(endpointId) === wanted);
      const changed = await this.writer.change(
        tx,
        of(true).map(({ endpointId }) => ({ endpointId, health: 'unhealthy', actor: ACTOR })),
      );
      return { changed, ended: of(true), alive: of(false), gone: of(undefined), passedOver };
    });
  }

  /**
   * Unregisters up to `limit` endpoints whose lease ended so many seconds ago, and Skills that have no others. Returns
   * the ids of their Skills, and how many endpoints there were.
   */
  async unregister(session: Transaction, after: number, limit: number): Promise<{ skillIds: string[]; count: number }> {
    const find = (tx: Transaction, ids: readonly string[] | null): Promise<{ endpoint_id: string }[]> =>
      tx.query(
        `SELECT endpoint_id FROM endpoint_leases
         WHERE expired_at < now() - $1 * interval '1 second' AND ($2::uuid[] IS NULL OR endpoint_id = ANY($2::uuid[]))
         ORDER BY expired_at LIMIT $3`,
        [after, ids, limit],
      );
    const idsOf = (rows: { endpoint_id: string }[]): string[] => rows.map(({ endpoint_id }) => endpoint_id);
    const found = idsOf(await find(session, null));
    if (found.length === 0) return { skillIds: [], count: 0 };
    return session.transaction(async (tx) => {
      const held = await this.writer.tryLock(tx, found);
      // One that has come back in between stays.
      const ids = idsOf(await find(tx, found)).filter((id) => !held.has(id));
      return { skillIds: await this.writer.unregister(tx, ACTOR, ids), count: ids.length };
    });
  }

  /** `ids`: of the endpoints whose leases are `free`. */
  private async lock(
    tx: Transaction,
    leases: readonly LeaseRef[],
  ): Promise<PassedOver & { ids: string[]; free: LeaseRef[] }> {
    const held = await this.writer.tryLock(
      tx,
      leases.map(({ endpointId }) => endpointId),
    );
    const free = leases.filter(({ endpointId }) => !held.has(endpointId));
    return {
      ids: free.map(({ endpointId }) => endpointId),
      free,
      passedOver: leases.filter(({ endpointId }) => held.has(endpointId)),
    };
  }
}

/** Not heard of within $2 milliseconds. */
const SILENT = `l.last_heartbeat NOT BETWEEN now() - $2 * interval '1 millisecond' AND now() + $3 * interval '1 millisecond'`;
