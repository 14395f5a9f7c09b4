import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { splitIntoSlices, UrlSpellings } from '#common';
import type { Health, ReportedHealth } from '#skills';
import { LeaseOpener } from '../leases/lease-opener.js';
import { type KnownEndpoint, type KnownSkill, LeaseRepository, toLeasedSkill } from '../leases/lease.repository.js';
import { HealthReports } from './health-reports.js';
import type { Renewal, SentBeat } from './heartbeat.js';

/** Skills in one query. */
const MAX_SKILLS = 200;

/** Spellings of URLs that are remembered. */
const MAX_SPELLINGS = 10_000;

/** The endpoint is stored with another spelling of the URL. Nothing was renewed: the lease store knows it by that spelling. */
export interface Respelled {
  status: 'respelled';
  url: string;
}

/** Which endpoints a heartbeat renews according to PostgreSQL, or why none. */
export type Finding = Exclude<Renewal, { status: 'ok' }> | Respelled | { status: 'found'; endpoints: KnownEndpoint[] };

/** Renews leases according to PostgreSQL, and adds them to the lease store. */
@Injectable()
export class LeaseLookup {
  /** The stored spelling of a URL, by Skill and another spelling. The lease store knows stored spellings only. */
  private readonly spellings = new LRUCache<string, string>({ max: MAX_SPELLINGS });

  constructor(
    private readonly repository: LeaseRepository,
    private readonly reports: HealthReports,
    private readonly opener: LeaseOpener,
  ) {}

  /** Returns the spelling that the endpoint of a Skill is stored with, if an earlier `renew` found it by another one. */
  toStoredSpelling(skillId: string, url: string | undefined): string | undefined {
    if (url === undefined || this.spellings.size === 0) return url;
    const stored = this.spellings.get(`${skillId} ${url}`) ?? url;
    // A PUT may have changed the stored spelling since.
    return this.spellings.get(`${skillId} ${stored}`) ?? stored;
  }

  /** Returns the results in the order of the beats. Rejects if PostgreSQL is unavailable. */
  async renew(beats: readonly SentBeat[]): Promise<(Renewal | Respelled)[]> {
    const skills = await this.load([...new Set(beats.map(({ skillId }) => skillId))]);
    const findings = beats.map((beat) => findEndpoints(beat, skills.get(beat.skillId)));
    for (const [index, finding] of findings.entries()) this.noteSpelling(beats[index], finding);
    await this.reports.apply(findings.flatMap((finding, index) => listReports(finding, beats[index])));
    const renewed = collectRenewed(beats, findings);
    await this.opener.open([...skills.values()].map((skill) => toLeasedSkill(skill, renewed)));
    return this.toRenewals(beats, findings);
  }

  private noteSpelling(beat: SentBeat | undefined, finding: Finding): void {
    if (beat?.url === undefined) return;
    const key = `${beat.skillId} ${beat.url}`;
    if (finding.status === 'respelled') this.spellings.set(key, finding.url);
    // A spelling that was another one before is the stored one now.
    else if (finding.status === 'found') this.spellings.delete(key);
  }

  private async load(skillIds: readonly string[]): Promise<Map<string, KnownSkill>> {
    const all = new Map<string, KnownSkill>();
    for (const ids of splitIntoSlices(skillIds, MAX_SKILLS)) {
      const found = await this.repository.find(ids);
      for (const [id, skill] of found) all.set(id, skill);
    }
    return all;
  }

  private async toRenewals(beats: readonly SentBeat[], findings: readonly Finding[]): Promise<(Renewal | Respelled)[]> {
    // The member of an endpoint that was removed has to register again.
    const missing = beats.flatMap(({ skillId, url }, index) =>
      findings[index]?.status === 'no-endpoint' && url !== undefined ? [{ skillId, url, index }] : [],
    );
    const gone = new Set([...(await this.repository.findUnregistered(missing))].map(({ index }) => index));
    return findings.map((finding, index) => {
      if (finding.status !== 'found') return gone.has(index) ? { status: 'removed' } : finding;
      const generation = Math.max(...finding.endpoints.map((endpoint) => endpoint.generation));
      return { status: 'ok', generation, endpointIds: finding.endpoints.map(({ endpointId }) => endpointId) };
    });
  }
}

/**
 * Fencing, by the same rules as in the lease store. An older generation than the endpoint's is stale. A newer one belongs
 * to a registration that this database does not have, because it was restored from a backup: the member has to register
 * again.
 */
export function findEndpoints(beat: SentBeat, skill: KnownSkill | undefined): Finding {
  if (!skill) return { status: 'unknown' };
  const { url, generation, boundTo } = beat;
  if (boundTo !== undefined && boundTo !== skill.owner) return { status: 'foreign' };
  const meant = url === undefined ? skill.endpoints : findByUrl(skill, url);
  const [first] = meant;
  if (!first) return { status: url === undefined ? 'unknown' : 'no-endpoint' };
  if (url !== undefined && first.url !== url) return { status: 'respelled', url: first.url };
  if (generation === undefined) return { status: 'found', endpoints: meant };
  const endpoints = meant.filter((endpoint) => endpoint.generation === generation);
  if (endpoints.length > 0) return { status: 'found', endpoints };
  return { status: meant.some((endpoint) => endpoint.generation > generation) ? 'stale' : 'unknown' };
}

const spellingsOf = new WeakMap<KnownSkill, UrlSpellings>();

/** Finds the endpoint with this URL, whatever its spelling. A batch may ask for hundreds of one Skill. */
function findByUrl(skill: KnownSkill, url: string): KnownEndpoint[] {
  const spellings = spellingsOf.get(skill) ?? new UrlSpellings(skill.endpoints.map((endpoint) => endpoint.url));
  spellingsOf.set(skill, spellings);
  const stored = spellings.find(url);
  return skill.endpoints.filter((endpoint) => endpoint.url === stored);
}

/** Lists endpoints whose lease has ended or whose health has changed. */
function listReports(finding: Finding, beat: SentBeat | undefined): ReportedHealth[] {
  if (finding.status !== 'found' || !beat) return [];
  const { health, actor } = beat;
  return finding.endpoints
    .filter((endpoint) => !endpoint.live || endpoint.health !== health)
    .map(({ endpointId }) => ({ endpointId, health, actor }));
}

/** Returns the reported health of the endpoints that are renewed, by id. */
function collectRenewed(beats: readonly SentBeat[], findings: readonly Finding[]): Map<string, Health> {
  return new Map(
    findings.flatMap((finding, index) => {
      const health = beats[index]?.health;
      if (finding.status !== 'found' || health === undefined) return [];
      return finding.endpoints.map(({ endpointId }) => [endpointId, health] as const);
    }),
  );
}
