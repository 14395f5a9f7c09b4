import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { CursorScope, JsonText, newId, type Page, toSlice } from '#common';
import { Conditions, Keyset, type Transaction } from '#database';
import { DataSource } from 'typeorm';
import type { ListChannelsQuery } from './channel.dto.js';
import type { ChannelStatus } from './channel.entity.js';
import { contextSql } from './contexts/channel-contexts.repository.js';
import { type Reach, reachParameters, WITHIN_REACH } from './channel-reach.js';

/** A channel. An expired one is `closed`, even if the expiry job has not run yet. */
export interface Channel {
  id: string;
  skill_id: string;
  skill_external_id: string | null;
  capability_id: string;
  capability_external_id: string | null;
  client_id: string;
  /** The Space of its Skill. */
  space_id: string | null;
  /** Whether the Skill has left. `skill_id` and `capability_id` are the former ones then. */
  away: boolean;
  endpoint_id: string | null;
  status: ChannelStatus;
  metadata: Record<string, string>;
  created_at: Date;
  expiry_time: Date;
  closed_at: Date | null;
}

export type NewChannel = Pick<Channel, 'skill_id' | 'capability_id' | 'client_id' | 'metadata'> & {
  /** A time, or a number of seconds from now. */
  expiry_time: string | number;
};

/** By the clock of the database. `statement_timestamp`, because an earlier statement may have waited for a lock. */
const EXPIRED = `c.status = 'open' AND c.expiry_time <= statement_timestamp()`;
/** `now`, or what the channel had before its Skill left. Only then it reads `away_channels`. */
const nowOrFormer = (now: string, column: string): string =>
  `CASE WHEN c.skill_id IS NULL THEN (SELECT a.${column} FROM away_channels a WHERE a.channel_id = c.id) ELSE ${now} END AS ${column}`;
const COLUMNS = `c.id, ${nowOrFormer('c.skill_id', 'skill_id')}, ${nowOrFormer('c.capability_id', 'capability_id')}, c.skill_id IS NULL AS away,
  c.client_id, c.endpoint_id, c.metadata, c.created_at, c.expiry_time,
  ${nowOrFormer('(SELECT s.space_id FROM skills s WHERE s.id = c.skill_id)', 'space_id')},
  ${nowOrFormer('(SELECT s.external_id FROM skills s WHERE s.id = c.skill_id)', 'skill_external_id')},
  ${nowOrFormer('(SELECT k.external_id FROM capabilities k WHERE k.id = c.capability_id)', 'capability_external_id')},
  CASE WHEN ${EXPIRED} THEN 'closed' ELSE c.status END AS status,
  CASE WHEN ${EXPIRED} THEN c.expiry_time ELSE c.closed_at END AS closed_at`;

function hasSkill(skillId: string): string {
  return `(c.skill_id = ${skillId} OR c.id IN (SELECT a.channel_id FROM away_channels a WHERE a.skill_id = ${skillId}))`;
}

const HAS_STATUS: Readonly<Record<ChannelStatus, string>> = {
  open: `c.status = 'open' AND c.expiry_time > statement_timestamp()`,
  closed: `(c.status = 'closed' OR ${EXPIRED})`,
  error: `c.status = 'error'`,
};

@Injectable()
export class ChannelsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The oldest channels first. */
  async page(query: ListChannelsQuery, { clientId, spaces }: Reach): Promise<Page<Channel>> {
    const where = new Conditions();
    if (clientId !== undefined) where.add(`c.client_id = ${where.bind(clientId)}`);
    if (query.skill_id !== undefined) where.add(hasSkill(where.bind(query.skill_id)));
    if (query.status !== undefined) where.add(HAS_STATUS[query.status]);
    if (spaces) {
      const bound = where.bind(spaces);
      where.add(`(c.skill_id IN (SELECT s.id FROM skills s WHERE s.space_id = ANY(${bound}::text[]))
        OR c.id IN (SELECT a.channel_id FROM away_channels a WHERE a.space_id = ANY(${bound}::text[])))`);
    }
    const keyset = new Keyset(new CursorScope('channels', query, 'created_at'), [
      { column: 'c.created_at', kind: 'time' },
      { column: 'c.id', kind: 'id' },
    ]);
    const select = (keys: string, rows: string): string => `SELECT ${COLUMNS}, ${keys} ${rows}`;
    return keyset.read(this.dataSource, 'channels c', where, toSlice(query), select);
  }

  async find(channelId: string, reach: Reach, source: Pick<Transaction, 'query'> = this.dataSource) {
    const [channel] = await source.query<Channel[]>(
      `SELECT ${COLUMNS} FROM channels c WHERE ${WITHIN_REACH}`,
      reachParameters(channelId, reach),
    );
    return channel;
  }

  /** Reads a channel and its context in one query. */
  async findWithContext(channelId: string, reach: Reach) {
    const [channel] = await this.dataSource.query<(Channel & { context: string })[]>(
      `SELECT ${COLUMNS}, ${contextSql('c.id')} AS context FROM channels c WHERE ${WITHIN_REACH}`,
      reachParameters(channelId, reach),
    );
    return channel && { ...channel, context: new JsonText(channel.context) };
  }

  /** Locks the channel until the end of the transaction, and reads it. */
  async lock(tx: Transaction, channelId: string, reach: Reach): Promise<Channel | undefined> {
    const locked = await tx.query<unknown[]>(
      `SELECT c.id FROM channels c WHERE ${WITHIN_REACH} FOR NO KEY UPDATE OF c`,
      reachParameters(channelId, reach),
    );
    // A second statement, which sees what was committed while the first one waited for the lock.
    return locked.length > 0 ? this.find(channelId, reach, tx) : undefined;
  }

  /** Whether a time is in the future, and at most so many seconds from now. */
  async mayExpireAt(tx: Transaction, time: string, longest: number): Promise<boolean> {
    const [row] = await tx.query<{ fits: boolean }[]>(
      `SELECT $1::timestamptz > now() AND $1::timestamptz <= now() + $2 * interval '1 second' AS fits`,
      [time, longest],
    );
    return row?.fits === true;
  }

  async create(tx: Transaction, channel: NewChannel): Promise<Channel> {
    const { skill_id, capability_id, client_id, metadata, expiry_time } = channel;
    const expiry = typeof expiry_time === 'number' ? `now() + $6 * interval '1 second'` : '$6::timestamptz';
    const [created] = await tx.query<[Channel]>(
      `INSERT INTO channels AS c (id, skill_id, capability_id, client_id, metadata, expiry_time)
       VALUES ($1, $2, $3, $4, $5, ${expiry}) RETURNING ${COLUMNS}`,
      [newId(), skill_id, capability_id, client_id, JSON.stringify(metadata), expiry_time],
    );
    return created;
  }

  /** Closes a channel that is locked and open. */
  async close(tx: Transaction, channelId: string): Promise<void> {
    await tx.query(
      `UPDATE channels SET status = 'closed', closed_at = LEAST(statement_timestamp(), expiry_time), updated_at = now()
       WHERE id = $1`,
      [channelId],
    );
  }

  /**
   * Locks an endpoint against deletion until the end of the transaction. Returns null if it does not belong to the channel's
   * Skill, or is being deleted now: waiting could be a deadlock, because the deletion waits for the channels of the endpoint.
   */
  async lockEndpoint(tx: Transaction, channelId: string, endpointId: string): Promise<string | null> {
    const [endpoint] = await tx.query<{ id: string }[]>(
      `SELECT e.id FROM skill_endpoints e JOIN channels c ON c.id = $1 AND c.skill_id = e.skill_id
       WHERE e.id = $2 FOR KEY SHARE OF e SKIP LOCKED`,
      [channelId, endpointId],
    );
    return endpoint?.id ?? null;
  }
}
