import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { AuditLog, type Caller } from '#auth';
import { SkillNotFoundError } from '#common';
import { type ProbesSettings, probesSettings } from '#config';
import { Transactions } from '#database';
import type { SkillCheckResponse } from './skill-check.response.js';
import { type CheckedSkill, ChecksRepository } from './checks.repository.js';
import { ProbeCaller } from '../calls/probe-caller.js';
import type { ProbeClaim } from '../probe-claim.js';
import { ProbeClaimsRepository } from '../probe-claims.repository.js';
import { type ProbedEndpoint, ProbeResultsRepository } from '../results/probe-results.repository.js';
import { ProbeResults } from '../results/probe-results.js';

/** Milliseconds after which a check starts no further probe. */
const PATIENCE_MS = 10_000;
/** Milliseconds between two looks for results of probes that others make. */
const LOOK_EVERY_MS = 50;

/** Probes all endpoints of a Skill now. Waits for probes that are under way elsewhere, instead of probing again. */
@Injectable()
export class ChecksService {
  constructor(
    private readonly repository: ChecksRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    private readonly claims: ProbeClaimsRepository,
    private readonly probes: ProbeCaller,
    private readonly results: ProbeResults,
    private readonly written: ProbeResultsRepository,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
  ) {}

  /** @throws SkillNotFoundError (1004), PermissionError (1003) */
  async check(caller: Caller, skillId: string): Promise<SkillCheckResponse> {
    const skill = await this.transactions.run(async (tx) => {
      const found = await this.repository.find(tx, skillId);
      if (!found || !caller.maySee(found.space_id)) throw new SkillNotFoundError();
      caller.assertMayChange(found.owner);
      await this.audit.record(tx, caller, [
        { action: 'skill.check', target: `skill:${skillId}`, spaces: [found.space_id] },
      ]);
      return found;
    });
    const endpoints = await this.probeAll(skill);
    return {
      skill_id: skill.external_id ?? skillId,
      id: skillId,
      endpoints: endpoints.map(({ endpointId, url, health, result, reason, latencyMs, isFresh }) => ({
        endpoint_id: endpointId,
        url,
        result: isFresh ? result : null,
        reason: isFresh ? reason : 'not probed in time',
        latency_ms: isFresh ? latencyMs : null,
        health,
      })),
    };
  }

  private async probeAll({ endpoint_ids: ids, now: since }: CheckedSkill): Promise<ProbedEndpoint[]> {
    const end = performance.now() + Math.max(PATIENCE_MS, this.settings.timeout);
    for (;;) {
      const endpoints = await this.written.read(ids, since);
      const left = endpoints.filter(({ isFresh }) => !isFresh).map(({ endpointId }) => endpointId);
      if (left.length === 0 || performance.now() > end) return endpoints;
      const claims = await this.transactions.run((tx) =>
        this.claims.claimEndpoints(tx, left, since, this.settings.concurrency),
      );
      await Promise.all(claims.map((claim) => this.probe(claim)));
      if (claims.length === 0) await delay(LOOK_EVERY_MS);
    }
  }

  private async probe(claim: ProbeClaim): Promise<void> {
    const probed = await this.probes.probe(claim, PATIENCE_MS);
    if (probed) await this.results.record(probed);
  }
}
