import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import {
  BadParameterError,
  CapabilityNotFoundError,
  CapabilityUnavailableError,
  SkillNotFoundError,
  toPageResponse,
} from '#common';
import { type ChannelSettings, channelSettings } from '#config';
import { type Transaction, Transactions } from '#database';
import { IdempotencyService } from '#idempotency';
import { type Demand, Quotas } from '#quotas';
import type { CreateChannelBody, ListChannelsQuery } from './channel.dto.js';
import { ChannelNotFoundError } from './channel-errors.js';
import { callerReach } from './channel-reach.js';
import type { ChannelPageResponse, ChannelResponse } from './channel.response.js';
import { ChannelTargetRepository } from './channel-target.repository.js';
import { ChannelMetrics } from './channels.metrics.js';
import { type Channel, ChannelsRepository } from './channels.repository.js';

/** Opens, lists, reads and closes channels (AI Bridge v0.6.0: REQ-011). */
@Injectable()
export class ChannelsService implements OnModuleInit {
  constructor(
    private readonly repository: ChannelsRepository,
    private readonly targets: ChannelTargetRepository,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditLog,
    private readonly metrics: ChannelMetrics,
    private readonly quotas: Quotas,
    @Inject(channelSettings.KEY) private readonly settings: ChannelSettings,
  ) {}

  onModuleInit(): void {
    const count = `SELECT count(*) FROM channels WHERE client_id = $1 AND status = 'open' AND expiry_time > now()`;
    // The limit is 12,000 requests in a minute, and up to twice that around the change of the minute.
    this.quotas.register('channels', { count, perSecond: 400 });
    const ofSpace = `SELECT count(*) FROM skills s JOIN channels c ON c.skill_id = s.id
      WHERE s.space_id = $1 AND c.status = 'open' AND c.expiry_time > now()`;
    this.quotas.register('space_channels', { count: ofSpace, perSecond: 400 });
  }

  async list(caller: Caller, query: ListChannelsQuery): Promise<ChannelPageResponse> {
    const { items, ...page } = await this.repository.page(query, callerReach(caller));
    return { ...toPageResponse(query, page), channels: items.map(toChannel) };
  }

  /** @throws ChannelNotFoundError (1010) */
  async get(caller: Caller, channelId: string): Promise<ChannelResponse> {
    const channel = await this.repository.find(channelId, callerReach(caller));
    if (!channel) throw new ChannelNotFoundError();
    return toChannel(channel);
  }

  /** @throws SkillNotFoundError (1004), CapabilityNotFoundError (1005), CapabilityUnavailableError (2004), QuotaExceededError (1009) */
  async create(caller: Caller, body: CreateChannelBody, key: string | undefined): Promise<ChannelResponse> {
    const request = { actor: caller.clientId, key, operation: 'channels.create', payload: body };
    const opened = new Set<string>();
    const channel = await this.idempotency.run(request, async (tx) => {
      const created = await this.open(tx, caller, body);
      opened.add(created.channel_id);
      return created;
    });
    // A repeated request with the same Idempotency-Key opens no channel.
    if (opened.has(channel.channel_id)) this.metrics.created();
    return channel;
  }

  /** Does nothing if the channel has ended. @throws ChannelNotFoundError (1010) */
  async close(caller: Caller, channelId: string): Promise<ChannelResponse> {
    const reach = callerReach(caller);
    const { channel, closed } = await this.transactions.run(async (tx) => {
      const locked = await this.repository.lock(tx, channelId, reach);
      if (locked?.status !== 'open') return { channel: locked, closed: false };
      await this.repository.close(tx, channelId);
      await this.audit.record(tx, caller, [
        {
          action: 'channel.close',
          target: `channel:${channelId}`,
          before: { status: 'open' },
          after: { status: 'closed' },
          spaces: [locked.space_id],
        },
      ]);
      return { channel: await this.repository.find(channelId, reach, tx), closed: true };
    });
    if (!channel) throw new ChannelNotFoundError();
    if (closed) this.metrics.closed('client');
    return toChannel(channel);
  }

  private async open(tx: Transaction, caller: Caller, body: CreateChannelBody): Promise<ChannelResponse> {
    await this.assertRoom(tx, { quota: 'channels', subject: caller.clientId, amount: 1 });
    const { skill_id, expiry_time } = body;
    const { expiry, maxExpiry } = this.settings;
    if (expiry_time !== undefined && !(await this.repository.mayExpireAt(tx, expiry_time, maxExpiry))) {
      const reason = `must be in the future, at most ${maxExpiry} seconds from now`;
      throw new BadParameterError([{ field: 'expiry_time', reason }]);
    }
    const skill = await this.targets.lockSkill(tx, skill_id);
    if (!skill || !caller.maySee(skill.space_id)) throw new SkillNotFoundError();
    const capability = await this.targets.findCapability(tx, skill_id, body.capability_id);
    if (!capability) throw new CapabilityNotFoundError();
    if (capability.status === 'disabled') throw new CapabilityUnavailableError();
    const { space_id: space } = skill;
    if (space !== null) await this.assertRoom(tx, { quota: 'space_channels', subject: space, amount: 1 });
    const channel = toChannel(
      await this.repository.create(tx, {
        skill_id,
        capability_id: capability.id,
        client_id: caller.clientId,
        metadata: body.metadata ?? {},
        expiry_time: expiry_time ?? expiry,
      }),
    );
    await this.audit.record(tx, caller, [
      { action: 'channel.create', target: `channel:${channel.channel_id}`, after: channel, spaces: [skill.space_id] },
    ]);
    return channel;
  }

  /** @throws QuotaExceededError (1009) */
  private async assertRoom(tx: Transaction, demand: Demand): Promise<void> {
    const demands = [demand];
    const [refusal] = await this.quotas.admit(tx, [demands], () => Promise.resolve([{ demands }]));
    if (refusal) throw refusal;
  }
}

function toChannel(channel: Channel): ChannelResponse {
  return {
    channel_id: channel.id,
    skill_id: channel.skill_external_id ?? channel.skill_id,
    capability_id: channel.capability_external_id ?? channel.capability_id,
    client_id: channel.client_id,
    status: channel.status,
    metadata: channel.metadata,
    created_at: channel.created_at.toISOString(),
    expiry_time: channel.expiry_time.toISOString(),
    closed_at: channel.closed_at?.toISOString() ?? null,
  };
}
