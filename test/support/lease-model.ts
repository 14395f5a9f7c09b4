import type { Beat, LeasedEndpoint, LeasedSkill } from '../../libs/registry-heartbeat/src/leases/lease-store.js';

/** One call of a store. `ago`: of leases that were renewed so many turns before the last one, or earlier. */
export type Call =
  | { method: 'open'; skills: LeasedSkill[] }
  | { method: 'renew'; beats: Beat[] }
  | { method: 'forget'; skillIds: string[] }
  | { method: 'remaining'; skillId: string }
  | { method: 'census' | 'claimExpired' | 'listEnding'; ago: number }
  | { method: 'settle' | 'extend'; which: readonly boolean[] }
  | { method: 'release'; which?: readonly boolean[] };

/** A lease and the turn in which it was renewed. */
export type Aged = [endpointId: string, turn: number];

interface Lease extends Omit<LeasedEndpoint, 'live'> {
  skillId: string;
  state: 'on time' | 'overdue' | 'ended';
  turn: number;
}

interface Skill {
  owner: string;
  leases: Lease[];
}

/** What a lease store is, in as few words as possible: a list of leases, and the turn of the call instead of a clock. */
export class LeaseModel {
  private readonly skills = new Map<string, Skill>();
  private found: Lease[] = [];

  /** What a store should answer to this call, made in this turn. */
  answer(call: Call, turn: number): unknown {
    switch (call.method) {
      case 'open':
        for (const skill of call.skills) this.open(skill, turn);
        return undefined;
      case 'renew':
        return call.beats.map((beat) => this.renew(beat, turn));
      case 'forget':
        for (const skillId of call.skillIds) this.skills.delete(skillId);
        return undefined;
      case 'remaining':
        return (this.skills.get(call.skillId)?.leases ?? [])
          .filter(({ state }) => state !== 'ended')
          .map(({ endpointId }) => endpointId)
          .toSorted();
      case 'census':
        return {
          onTime: this.all('on time').length,
          overdue: this.all('overdue').length,
          expiring: [...this.all('on time', turn - 1 - call.ago), ...this.all('overdue', turn - 1 - call.ago)].length,
        };
      case 'claimExpired':
        return this.all('on time', turn - 1 - call.ago)
          .map((lease) => Object.assign(lease, { state: 'overdue' as const }))
          .map(aged);
      case 'listEnding':
        // Copies: they stay as they were found.
        this.found = this.all('overdue', turn - 1 - call.ago).map((lease) => ({ ...lease }));
        return this.found.map(aged);
      case 'release':
        for (const lease of call.which ? this.chosen(call.which, false) : this.all('overdue')) lease.state = 'on time';
        return undefined;
      case 'settle':
        for (const lease of this.chosen(call.which, true)) lease.state = 'ended';
        return undefined;
      case 'extend':
        for (const lease of this.chosen(call.which, false)) Object.assign(lease, { state: 'on time', turn });
        return undefined;
    }
  }

  private open({ skillId, owner, endpoints }: LeasedSkill, turn: number): void {
    const skill = this.skills.get(skillId) ?? { owner, leases: [] };
    this.skills.set(skillId, Object.assign(skill, { owner }));
    for (const { live, ...endpoint } of endpoints) {
      const known = skill.leases.find(({ url }) => url === endpoint.url);
      const isKnown = known?.endpointId === endpoint.endpointId;
      if (isKnown && known.generation > endpoint.generation) continue;
      if (isKnown && known.generation === endpoint.generation) {
        if (live && known.state === 'ended') Object.assign(known, { state: 'on time', turn });
        continue;
      }
      skill.leases = skill.leases.filter((lease) => lease !== known);
      skill.leases.push({ ...endpoint, skillId, state: live ? 'on time' : 'ended', turn });
    }
  }

  private renew({ skillId, url, generation, boundTo, health }: Beat, turn: number): unknown {
    const skill = this.skills.get(skillId);
    if (!skill) return 'missing';
    if (boundTo !== undefined && boundTo !== skill.owner) return 'foreign';
    const meant = skill.leases.filter((lease) => url === undefined || lease.url === url);
    const leases = meant.filter((lease) => generation === undefined || lease.generation === generation);
    if (leases.length === 0) return meant.some((lease) => lease.generation > (generation ?? 0)) ? 'stale' : 'missing';
    const told = leases.map(({ endpointId, state, reported }) => [endpointId, state !== 'on time', reported]);
    for (const lease of leases) Object.assign(lease, { state: 'on time', turn, reported: health });
    return [Math.max(...leases.map((lease) => lease.generation)), ...told.toSorted()];
  }

  /** Longest silent first, up to those of a turn. */
  private all(state: Lease['state'], until = Infinity): Lease[] {
    return [...this.skills.values()]
      .flatMap(({ leases }) => leases)
      .filter((lease) => lease.state === state && lease.turn <= until)
      .toSorted((a, b) => a.turn - b.turn || (a.endpointId < b.endpointId ? -1 : 1));
  }

  /** Some of those that were found expired last and are overdue still; of the same renewal, if that matters. */
  private chosen(which: readonly boolean[], ofSameTurn: boolean): Lease[] {
    const found = this.found.filter((_, index) => which[index]);
    return this.all('overdue').filter((lease) =>
      found.some(({ endpointId, turn }) => endpointId === lease.endpointId && (!ofSameTurn || turn === lease.turn)),
    );
  }
}

function aged({ endpointId, turn }: Lease): Aged {
  return [endpointId, turn];
}
