import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '#auth';
import { SkillNotFoundError } from '#common';
import { type Deprecation, LeaseTerms } from '#skills';
import { LeaseStore } from '../leases/lease-store.js';
import { type EndpointRecord, SkillStatusRepository } from './skill-status.repository.js';
import type { EndpointStatusResponse, SkillStatusResponse } from './skill-status.response.js';

/** A status, and whether its Skill is deprecated. */
export interface ReadStatus {
  status: SkillStatusResponse;
  deprecation: Deprecation | null;
}

/** The status of a Skill (AI Bridge v0.6.0, Skill interface: status). */
@Injectable()
export class SkillStatusService {
  private readonly logger = new Logger('leases');

  constructor(
    private readonly repository: SkillStatusRepository,
    private readonly store: LeaseStore,
    private readonly terms: LeaseTerms,
  ) {}

  /** @throws SkillNotFoundError (1004) */
  async status(caller: Caller, skillId: string): Promise<ReadStatus> {
    const [found, remaining] = await Promise.all([
      this.repository.find(skillId, caller.spaces),
      this.remaining(skillId),
    ]);
    if (!found) throw new SkillNotFoundError();
    const { deprecation, ...record } = found;
    const endpoints = record.endpoints.map((endpoint) => this.toResponse(endpoint, remaining));
    // The lease store may have newer heartbeats than PostgreSQL.
    const heard = [
      record.last_heartbeat?.toISOString() ?? '',
      ...endpoints.map(({ last_heartbeat }) => last_heartbeat ?? ''),
    ];
    const last = heard.reduce((latest, time) => (time > latest ? time : latest));
    return { status: { ...record, last_heartbeat: last === '' ? null : last, endpoints }, deprecation };
  }

  private toResponse(
    { silence, live, probe: found, ...record }: EndpointRecord,
    remaining: ReadonlyMap<string, number>,
  ): EndpointStatusResponse {
    const probe = found && { ...found, probed_at: new Date(found.probed_at).toISOString() };
    const endpoint = { ...record, probe };
    const written = silence === null ? undefined : this.terms.ttl - silence * 1000;
    const left = remaining.get(endpoint.endpoint_id) ?? written;
    if (left === undefined) return { ...endpoint, last_heartbeat: null, lease: null };
    const heardAt = Date.now() - (this.terms.ttl - left);
    return {
      ...endpoint,
      last_heartbeat: new Date(heardAt).toISOString(),
      lease: live ? this.terms.lease(left) : null,
    };
  }

  /** Returns an empty map if the store is unavailable; the times in PostgreSQL, some seconds old, are used then. */
  private async remaining(skillId: string): Promise<ReadonlyMap<string, number>> {
    try {
      return await this.store.remaining(skillId);
    } catch (error) {
      this.logger.debug(`the lease store does not answer: ${String(error)}`);
      return new Map();
    }
  }
}
