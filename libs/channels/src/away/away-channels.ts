import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type ChannelSettings, channelSettings } from '#config';
import { prepared, type Transaction } from '#database';
import { type SkillCompanion, SkillCompanions } from '#skills';

const HOLD = `SELECT FROM channels WHERE skill_id = ANY($1::uuid[]) AND status = 'open' ORDER BY id FOR NO KEY UPDATE`;

/** A second statement, which sees what was committed while the first one waited for locks. */
const LEAVE = `WITH gone AS (
    INSERT INTO away_channels (channel_id, skill_id, capability_id, skill_external_id, capability_external_id, skill_name,
      skill_version, owner, space_id, capability_name, expiry_time)
    SELECT c.id, s.id, k.id, s.external_id, k.external_id, s.name, s.version, s.owner, s.space_id, k.name, c.expiry_time
    FROM channels c JOIN skills s ON s.id = c.skill_id JOIN capabilities k ON k.id = c.capability_id
    WHERE c.skill_id = ANY($1::uuid[]) AND c.status = 'open' AND c.expiry_time > now() RETURNING channel_id)
  UPDATE channels c SET skill_id = NULL, capability_id = NULL, endpoint_id = NULL,
    expiry_time = LEAST(c.expiry_time, now() + $2 * interval '1 second'), updated_at = now()
  FROM gone WHERE c.id = gone.channel_id`;

const RETURN = prepared(
  'away-channels.return',
  `WITH back AS MATERIALIZED (
     SELECT c.id, s.id AS skill_id, k.id AS capability_id, a.expiry_time
     FROM skills s JOIN away_channels a ON a.skill_name = s.name AND a.skill_version = s.version AND a.owner = s.owner
       JOIN channels c ON c.id = a.channel_id JOIN capabilities k ON k.skill_id = s.id AND k.name = a.capability_name
     WHERE s.id = ANY($1::uuid[]) AND c.status = 'open' AND c.expiry_time > statement_timestamp()
     ORDER BY c.id FOR NO KEY UPDATE OF c),
   gone AS (DELETE FROM away_channels a USING back WHERE a.channel_id = back.id)
   UPDATE channels c SET skill_id = back.skill_id, capability_id = back.capability_id, expiry_time = back.expiry_time,
     updated_at = now() FROM back WHERE c.id = back.id`,
);

/**
 * Keeps the open channels of a Skill that leaves, for CHANNEL_RETURN_WAIT seconds. Such a channel has no Skill, and expires at
 * the end of that time. When the same name and version is registered by the same owner, it continues with the capability of
 * the same name, and has its former expiry time again.
 */
@Injectable()
export class AwayChannels implements SkillCompanion, OnModuleInit {
  readonly waiting = 'SELECT FROM away_channels a WHERE a.skill_name = x.name';

  constructor(
    private readonly companions: SkillCompanions,
    @Inject(channelSettings.KEY) private readonly settings: Pick<ChannelSettings, 'returnWait'>,
  ) {}

  onModuleInit(): void {
    this.companions.subscribe(this);
  }

  async leaving(tx: Transaction, skillIds: readonly string[]): Promise<void> {
    await tx.query(HOLD, [skillIds]);
    await tx.query(LEAVE, [skillIds, this.settings.returnWait]);
  }

  async arrived(tx: Transaction, skillIds: readonly string[]): Promise<void> {
    await tx.query(RETURN, [skillIds]);
  }
}
