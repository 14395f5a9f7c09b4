import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import {
  type ApiError,
  BadParameterError,
  ConflictError,
  type Fault,
  faultError,
  isUuid,
  MAX_FAULTS,
  PermissionError,
  SkillNotFoundError,
  toSkillUuid,
  validateEach,
} from '#common';
import { type LeaseResponse, LeaseTerms } from '#skills';
import { HeartbeatBody, HeartbeatItem, type HeartbeatsBody } from './heartbeat.dto.js';
import type { HeartbeatResponse, HeartbeatResult, HeartbeatsResponse, HeartbeatStatus } from './heartbeat.response.js';
import type { Heartbeat, Renewal, Renewed } from './heartbeat.js';
import { Renewals } from './renewals.js';

/** Accepts heartbeats and builds their answers. */
@Injectable()
export class HeartbeatsService {
  private millisecond = Number.NaN;
  private lease: LeaseResponse;
  private serverTime = '';

  constructor(
    private readonly renewals: Renewals,
    private readonly terms: LeaseTerms,
  ) {
    this.lease = terms.lease();
  }

  /**
   * Renews the lease of a Skill, or of one of its endpoints. The answer repeats the given id, because no query looks it up.
   * @throws SkillNotFoundError (1004) if the member has to register again: the Skill or the endpoint was removed
   * @throws ConflictError (1006) if a newer registration has taken over
   * @throws PermissionError (1003) if the Skill belongs to another client
   * @throws BadParameterError (1001) if the Skill never had such an endpoint
   */
  async beat(caller: Caller, givenId: string, body: HeartbeatBody): Promise<HeartbeatResponse> {
    const skillId = toSkillUuid(givenId);
    const renewal = await this.renewals.renew(caller, toHeartbeat(skillId, body));
    if (renewal.status !== 'ok') throw toError(renewal.status);
    return this.responseTo(givenId, skillId, renewal);
  }

  /** Like `beat`, without PostgreSQL (see `Renewals.tryRenew`). Calls `done` with undefined if it could do nothing. */
  tryBeat(
    caller: Caller,
    skillId: string,
    body: HeartbeatBody,
    done: (response: HeartbeatResponse | undefined) => void,
  ): void {
    this.renewals.tryRenew(caller, toHeartbeat(skillId, body), (renewed) => {
      done(renewed && this.responseTo(skillId, skillId, renewed));
    });
  }

  /** Returns one result for each item, in order. @throws BadParameterError (1001) with the faults of all items */
  async beatMany(caller: Caller, { heartbeats }: HeartbeatsBody): Promise<HeartbeatsResponse> {
    const items = await validateAll(heartbeats);
    const beats = mergeBeats(items.map(({ skill_id, ...item }) => toHeartbeat(toSkillUuid(skill_id), item)));
    const renewals = await Promise.all(beats.map(({ heartbeat }) => this.renewals.renew(caller, heartbeat)));
    const results: HeartbeatResult[] = [];
    for (const [index, { places }] of beats.entries()) {
      for (const place of places) results[place] = toResult(items[place]?.skill_id ?? '', renewals[index]);
    }
    return { results, ...this.answer() };
  }

  private responseTo(givenId: string, skillId: string, { generation }: Renewed): HeartbeatResponse {
    return { skill_id: givenId, id: skillId, ...this.answer(), generation };
  }

  private answer(): { lease: LeaseResponse; interval: number; server_time: string } {
    const now = Date.now();
    // Built once a millisecond, because many answers fall into the same one.
    if (now !== this.millisecond) {
      this.millisecond = now;
      this.lease = this.terms.lease();
      this.serverTime = new Date(now).toISOString();
    }
    return { lease: this.lease, interval: this.terms.nextInterval(), server_time: this.serverTime };
  }
}

function toHeartbeat(skillId: string, body: HeartbeatBody): Heartbeat {
  const { endpoint_url: url, generation, health = 'healthy', ...metrics } = body;
  return { skillId, url, generation, health, metrics };
}

/** A heartbeat, and its positions in the batch. */
interface BatchedBeat {
  heartbeat: Heartbeat;
  places: number[];
}

/**
 * Merges heartbeats of a batch for the same endpoints into one, with the content of the last. Otherwise a batch could renew
 * the hundreds of endpoints of one Skill again and again.
 */
function mergeBeats(heartbeats: readonly Heartbeat[]): BatchedBeat[] {
  const skills = new Set(heartbeats.map(({ skillId }) => skillId));
  if (skills.size === heartbeats.length) return heartbeats.map((heartbeat, place) => ({ heartbeat, places: [place] }));
  const beats = new Map<string, BatchedBeat>();
  for (const [place, heartbeat] of heartbeats.entries()) {
    const { skillId, generation, url, metrics } = heartbeat;
    const key = `${skillId} ${generation ?? ''} ${url ?? ''}`;
    const before = beats.get(key);
    const isMeasured = Object.values(metrics).some((value) => value !== undefined);
    const places = before?.places ?? [];
    places.push(place);
    beats.delete(key);
    beats.set(key, {
      heartbeat: isMeasured || !before ? heartbeat : { ...heartbeat, metrics: before.heartbeat.metrics },
      places,
    });
  }
  return [...beats.values()];
}

type Failure = Exclude<Renewal['status'], 'ok'>;

function toError(failure: Failure): ApiError {
  switch (failure) {
    case 'unknown':
      return new SkillNotFoundError();
    case 'removed':
      return new SkillNotFoundError('This endpoint was removed from the Skill: register again');
    case 'stale':
      return new ConflictError('A newer registration has taken over');
    case 'foreign':
      return new PermissionError('This Skill belongs to another client');
    case 'no-endpoint':
      return new BadParameterError([{ field: 'endpoint_url', reason: 'is no endpoint of this Skill' }]);
  }
}

const STATUSES: Readonly<Record<Renewal['status'], HeartbeatStatus>> = {
  ok: 'ok',
  stale: 'stale',
  unknown: 'unknown',
  foreign: 'unknown',
  removed: 'unknown',
  'no-endpoint': 'unknown',
};

function toResult(skill_id: string, renewal: Renewal | undefined): HeartbeatResult {
  if (renewal === undefined) throw new Error('a renewal without an outcome');
  const status = STATUSES[renewal.status];
  const ids = isUuid(skill_id) ? { skill_id } : { skill_id, id: toSkillUuid(skill_id) };
  if (renewal.status === 'ok') return { ...ids, status };
  const { code, summary } = toError(renewal.status);
  return { ...ids, status, code, message: summary };
}

async function validateAll(heartbeats: readonly unknown[]): Promise<HeartbeatItem[]> {
  const items: HeartbeatItem[] = [];
  const faults: Fault[] = [];
  for await (const [index, item] of validateEach(HeartbeatItem, heartbeats)) {
    if (item instanceof BadParameterError) {
      faults.push(...item.details.map(({ field, reason }) => ({ field: toFieldName(index, field), reason })));
      if (faults.length > MAX_FAULTS) break;
    } else {
      items.push(item);
    }
  }
  if (faults.length > 0) throw faultError(faults);
  return items;
}

function toFieldName(index: number, field: string): string {
  return field === 'body' ? `heartbeats.${index}` : `heartbeats.${index}.${field}`;
}
