import { isObject } from '#common';

/** A registration of this service, or of one of its Skills, with the upstream registry. */
export interface Registration {
  skillId: string;
  /** Undefined if the upstream registry has no generations. */
  generation: number | undefined;
  /** Milliseconds between two heartbeats, as the upstream registry asks. */
  interval: number | undefined;
}

/** The result of one Skill of a batch. */
export type BatchResult = { status: 'registered'; skillId: string } | { status: 'failed'; message: string };

export const BEAT_STATUSES = ['ok', 'unknown', 'stale'] as const;
export type BeatStatus = (typeof BEAT_STATUSES)[number];

export interface AccessToken {
  token: string;
  /** Milliseconds. */
  lifetime: number;
}

/** Ids become part of a path: letters, digits and the characters of UUIDs, slugs and names. */
const SKILL_ID = /^[A-Za-z0-9][\w.:~-]{0,127}$/;
/** The characters that are valid in a header. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
const MAX_MESSAGE = 200;
/** Lifetime of a token without `expires_in`. */
const DEFAULT_LIFETIME_MS = 300_000;

// Every function that reads an answer returns undefined if the answer is not valid.

export function readRegistration(body: unknown): Registration | undefined {
  const { skill_id, generation, interval } = readData(body);
  if (!isSkillId(skill_id)) return undefined;
  if (generation !== undefined && !Number.isSafeInteger(generation)) return undefined;
  return {
    skillId: skill_id,
    generation: generation as number | undefined,
    interval: isPositive(interval) ? interval * 1000 : undefined,
  };
}

/** Whether the answer to a heartbeat names this Skill. */
export function isBeatOf(skillId: string, body: unknown): boolean {
  return readData(body).skill_id === skillId;
}

/** Reads one result for each of `count` items, in order. */
export function readBatch(body: unknown, count: number): BatchResult[] | undefined {
  const { results } = readData(body);
  if (!Array.isArray(results) || results.length !== count) return undefined;
  const read = new Map<unknown, BatchResult>();
  for (const item of results) {
    const { index, status, skill_id } = readRecord(item);
    if (status === 'failed') read.set(index, { status, message: readMessage(item) });
    else if ((status === 'created' || status === 'updated') && isSkillId(skill_id)) {
      read.set(index, { status: 'registered', skillId: skill_id });
    }
  }
  const ordered = Array.from({ length: count }, (_, index) => read.get(index));
  return ordered.every((result) => result !== undefined) ? ordered : undefined;
}

/** Reads one status for each heartbeat, in order. */
export function readBeats(body: unknown, skillIds: readonly string[]): BeatStatus[] | undefined {
  const { results } = readData(body);
  if (!Array.isArray(results) || results.length !== skillIds.length) return undefined;
  const statuses = skillIds.map((skillId, index) => {
    const { skill_id, status } = readRecord(results[index]);
    return skill_id === skillId ? BEAT_STATUSES.find((known) => known === status) : undefined;
  });
  return statuses.every((status) => status !== undefined) ? statuses : undefined;
}

/** Reads a token response (RFC 6749 section 5.1). */
export function readToken(body: unknown): AccessToken | undefined {
  const { access_token: token, token_type, expires_in } = readRecord(body);
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined;
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') return undefined;
  return { token, lifetime: isPositive(expires_in) ? expires_in * 1000 : DEFAULT_LIFETIME_MS };
}

/** Reads code and message of an error, shortened. */
export function readMessage(body: unknown): string {
  const { code, message } = readRecord(body);
  const parts = [typeof code === 'number' ? String(code) : '', typeof message === 'string' ? message : ''];
  return parts.filter(Boolean).join(' ').slice(0, MAX_MESSAGE);
}

function readRecord(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** Returns `data` of the protocol's envelope. */
function readData(body: unknown): Record<string, unknown> {
  return readRecord(readRecord(body).data);
}

function isSkillId(value: unknown): value is string {
  return typeof value === 'string' && SKILL_ID.test(value);
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
