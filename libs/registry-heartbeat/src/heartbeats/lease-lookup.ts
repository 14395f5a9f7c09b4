import { Injectable } from '@nestjs/common';
import { splitIntoSlices } from '#common';
import type { Health, ReportedHealth } from '#skills';
import { LeaseOpener } from '../leases/lease-opener.js';
import { type KnownEndpoint, type KnownSkill, LeaseRepository, toLeasedSkill } from '../leases/lease.repository.js';
import { HealthReports } from './health-reports.js';
import type { Renewal, SentBeat } from './heartbeat.js';

/** Skills in one query. */
const MAX_SKILLS = 200;

/** Which endpoints a heartbeat renews according to PostgreSQL, or why none. */
export type Finding = Exclude<Renewal, { status: 'ok' }> | { status: 'found'; endpoints: KnownEndpoint[] };

/** Renews leases according to PostgreSQL, and adds them to the lease store. */
@Injectable()
export class LeaseLookup {
  constructor(
    private readonly repository: LeaseRepository,
    private readonly reports: HealthReports,
    private readonly opener: LeaseOpener,
  ) {}

  /** Returns the results in the order of the beats. Rejects if PostgreSQL is unavailable. */
  async renew(beats: readonly SentBeat[]): Promise<Renewal[]> {
    const skills = await this.load([...new Set(beats.map(({ skillId }) => skillId))]);
    const findings = beats.map((beat) => findEndpoints(beat, skills.get(beat.skillId)));
    await this.reports.apply(findings.flatMap((finding, index) => listReports(finding, beats[index])));
    const renewed = collectRenewed(beats, findings);
    await this.opener.open([...skills.values()].map((skill) => toLeasedSkill(skill, renewed)));
    return this.toRenewals(beats, findings);
  }

  private async load(skillIds: readonly string[]): Promise<Map<string, KnownSkill>> {
    const all = new Map<string, KnownSkill>();
    for (const ids of splitIntoSlices(skillIds, MAX_SKILLS)) {
      const found = await this.repository.find(ids);
      for (const [id, skill] of found) all.set(id, skill);
    }
    return all;
  }

  private async toRenewals(beats: readonly SentBeat[], findings: readonly Finding[]): Promise<Renewal[]> {
    // An endpoint that sent no heartbeat for too long was unregistered: its member has to register again.
    const missing = beats.flatMap(({ skillId, url }, index) =>
      findings[index]?.status === 'no-endpoint' && url !== undefined ? [{ skillId, url, index }] : [],
    );
    const gone = new Set([...(await this.repository.findUnregistered(missing))].map(({ index }) => index));
    return findings.map((finding, index) => {
      if (finding.status !== 'found') return gone.has(index) ? { status: 'unknown' } : finding;
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
  const meant = url === undefined ? skill.endpoints : skill.endpoints.filter((endpoint) => endpoint.url === url);
  if (meant.length === 0) return { status: url === undefined ? 'unknown' : 'no-endpoint' };
  if (generation === undefined) return { status: 'found', endpoints: meant };
  const endpoints = meant.filter((endpoint) => endpoint.generation === generation);
  if (endpoints.length > 0) return { status: 'found', endpoints };
  return { status: meant.some((endpoint) => endpoint.generation > generation) ? 'stale' : 'unknown' };
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
