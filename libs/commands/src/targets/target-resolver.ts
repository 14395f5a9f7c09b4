import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import {
  type ApiError,
  CapabilityNotFoundError,
  CapabilityUnavailableError,
  SkillNotFoundError,
  SkillUnavailableError,
} from '#common';
import { type CapableTarget, isLive, type Target } from './target.js';
import { TargetCache } from './target-cache.js';
import { TargetsRepository } from './targets.repository.js';

/** What a call asks for. */
export type Wanted =
  | { by: 'id'; skillId: string; capability: string }
  | { by: 'name'; name: string; range: string; capability: string }
  | { by: 'capability'; capability: string };

/** Finds the Skills that can serve a call. The error names the first condition that no Skill meets. */
@Injectable()
export class TargetResolver {
  constructor(
    private readonly repository: TargetsRepository,
    private readonly cache: TargetCache,
  ) {}

  /**
   * Returns the best Skill first: the version that was asked for, or the highest that fits. A call by name gets Skills of one
   * owner only.
   * @throws SkillNotFoundError (1004), CapabilityNotFoundError (1005), CapabilityUnavailableError (2004),
   * SkillUnavailableError (2003)
   */
  async resolve(caller: Caller, wanted: Wanted): Promise<[CapableTarget, ...CapableTarget[]]> {
    const nfc = inNfc(wanted);
    if (nfc === wanted) return this.choose(caller, wanted);
    try {
      return await this.choose(caller, nfc);
    } catch (error) {
      if (!(error instanceof SkillNotFoundError || error instanceof CapabilityNotFoundError)) throw error;
      // Older releases stored names as they came.
      return this.choose(caller, wanted);
    }
  }

  private async choose(caller: Caller, wanted: Wanted): Promise<[CapableTarget, ...CapableTarget[]]> {
    const found = (await this.find(caller, wanted)).filter(({ spaceId }) => caller.maySee(spaceId));
    const known = requireAny(found, () =>
      wanted.by === 'capability' ? new CapabilityNotFoundError() : new SkillNotFoundError(),
    );
    const capable = requireAny(known.filter(isCapable), () => new CapabilityNotFoundError());
    const enabled = requireAny(
      capable.filter(({ capability }) => capability.status === 'enabled'),
      () => new CapabilityUnavailableError('This capability is disabled'),
    );
    const active = requireAny(
      enabled.filter(({ skillStatus }) => skillStatus === 'active'),
      () => new SkillUnavailableError(`This Skill is ${enabled[0].skillStatus}`),
    );
    const live = requireAny(
      active.filter(({ endpoints }) => endpoints.some(isLive)),
      () => new SkillUnavailableError(explainDead(active)),
    );
    if (wanted.by !== 'name') return live;
    // A retry must not send the data of the call to a Skill of another owner.
    const [first, ...others] = live;
    return [first, ...others.filter(({ owner }) => owner === first.owner)];
  }

  private find(caller: Caller, wanted: Wanted): Promise<readonly Target[]> {
    switch (wanted.by) {
      case 'id': {
        const { skillId, capability } = wanted;
        return this.cache.get(['id', skillId, capability], skillId, () => this.repository.bySkill(skillId, capability));
      }
      case 'name': {
        const { name, capability, range } = wanted;
        const load = (): Promise<Target[]> => this.repository.byName(name, range, capability, caller.spaces);
        return this.cache.get(['name', name, range, capability, caller.spaces], undefined, load);
      }
      case 'capability': {
        const { capability } = wanted;
        const load = (): Promise<Target[]> => this.repository.byCapability(capability, caller.spaces);
        return this.cache.get(['capability', capability, caller.spaces], undefined, load);
      }
    }
  }
}

/** Returns the same object if its names are in NFC already. */
function inNfc(wanted: Wanted): Wanted {
  const capability = wanted.capability.normalize('NFC');
  const name = wanted.by === 'name' ? wanted.name.normalize('NFC') : undefined;
  if (capability === wanted.capability && (wanted.by !== 'name' || name === wanted.name)) return wanted;
  return { ...wanted, capability, ...(name !== undefined && { name }) };
}

function isCapable(target: Target): target is CapableTarget {
  return target.capability !== null;
}

function explainDead(targets: readonly CapableTarget[]): string {
  const isDraining = targets.some(({ endpoints }) => endpoints.some(({ status }) => status === 'draining'));
  return isDraining ? 'This Skill is draining, and has no other live endpoint' : 'This Skill has no live endpoint';
}

/** Returns the items. @throws the given error if there are none */
function requireAny<T>(items: readonly T[], createError: () => ApiError): [T, ...T[]] {
  const [first, ...rest] = items;
  if (first === undefined) throw createError();
  return [first, ...rest];
}
