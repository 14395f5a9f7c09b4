import { isObject } from '#common';

/** This service, or one of its Skills, as the upstream registry knows it. */
export interface Registration {
  skillId: string;
  /** Undefined where the upstream counts none. */
  generation: number | undefined;
  /** Milliseconds between two heartbeats that it asks for. */
  interval: number | undefined;
}

/** What became of one Skill of a batch. */
export type BatchResult = { status: 'registered'; skillId: string } | { status: 'failed'; message: string };

export const BEAT_STATUSES = ['ok', 'unknown', 'stale'] as const;
export type BeatStatus = (typeof BEAT_STATUSES)[number];

export interface AccessToken {
  token: string;
  /** Milliseconds. */
  lifetime: number;
}

/** Goes into a path: letters, digits and what UUIDs, slugs and names consist of. */
const SKILL_ID = /^[A-Za-z0-9][\w.:~-]{0,127}$/;
/** What a header may hold. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
const MAX_MESSAGE = 200;
/** Of a token that does not say how long it lives. */
const DEFAULT_LIFETIME_MS = 300_000;

// Every reader returns undefined for what the upstream must not answer; nothing of it is used then.

export function readRegistration(body: unknown): Registration | undefined {
  const { skill_id, generation, interval } = dataOf(body);
  if (!isSkillId(skill_id)) return undefined;
  if (generation !== undefined && !Number.isSafeInteger(generation)) return undefined;
  return {
    skillId: skill_id,
    generation: generation as number | undefined,
    interval: isPositive(interval) ? interval * 1000 : undefined,
  };
}

/** Whether the answer to a heartbeat is of this Skill. */
export function isBeatOf(skillId: string, body: unknown): boolean {
  return dataOf(body).skill_id === skillId;
}

/** One result for each of `count` items. */
export function readBatch(body: unknown, count: number): BatchResult[] | undefined {
  const { results } = dataOf(body);
  if (!Array.isArray(results) || results.length !== count) return undefined;
  const read = new Map<unknown, BatchResult>();
  for (const item of results) {
    const { index, status, skill_id } = recordOf(item);
    if (status === 'failed') read.set(index, { status, message: readMessage(item) });
    else if ((status === 'created' || status === 'updated') && isSkillId(skill_id)) {
      read.set(index, { status: 'registered', skillId: skill_id });
    }
  }
  const ordered = Array.from({ length: count }, (_, index) => read.get(index));
  return ordered.every((result) => result !== undefined) ? ordered : undefined;
}

/** One status for each heartbeat, in order. */
export function readBeats(body: unknown, skillIds: readonly string[]): BeatStatus[] | undefined {
  const { results } = dataOf(body);
  if (!Array.isArray(results) || results.length !== skillIds.length) return undefined;
  const statuses = skillIds.map((skillId, index) => {
    const { skill_id, status } = recordOf(results[index]);
    return skill_id === skillId ? BEAT_STATUSES.find((known) => known === status) : undefined;
  });
  return statuses.every((status) => status !== undefined) ? statuses : undefined;
}

/** RFC 6749 section 5.1. */
export function readToken(body: unknown): AccessToken | undefined {
  const { access_token: token, token_type, expires_in } = recordOf(body);
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined;
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') return undefined;
  return { token, lifetime: isPositive(expires_in) ? expires_in * 1000 : DEFAULT_LIFETIME_MS };
}

/** What an error says of itself, short. */
export function readMessage(body: unknown): string {
  const { code, message } = recordOf(body);
  const parts = [typeof code === 'number' ? String(code) : '', typeof message === 'string' ? message : ''];
  return parts.filter(Boolean).join(' ').slice(0, MAX_MESSAGE);
}

function recordOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** Of the protocol's envelope. */
function dataOf(body: unknown): Record<string, unknown> {
  return recordOf(recordOf(body).data);
}

function isSkillId(value: unknown): value is string {
  return typeof value === 'string' && SKILL_ID.test(value);
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
