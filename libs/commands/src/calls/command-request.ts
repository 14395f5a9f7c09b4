import { createHash } from 'node:crypto';
import { BadParameterError, canonicalId, type Fault, listInexactNumbers } from '#common';
import type { OpenChannel } from '#channels';
import type { CommandsSettings } from '#config';
import { isVersionRange, LATEST } from '#skills';
import { type ExecuteCommandBody, PASSED_ON } from '../command.dto.js';
import type { Wanted } from '../targets/target-resolver.js';

/** A valid request to call a Skill. */
export interface CommandRequest {
  wanted: Wanted;
  timeoutMs: number;
  /** SHA-256 of the body without `command_id`: the same `command_id` with another hash is another request. */
  hash: string;
}

type ChannelTarget = Pick<OpenChannel, 'skillId' | 'capabilityId' | 'capabilityExternalId'>;

interface NamedSkill {
  name: string;
  range: string;
}

/** @throws BadParameterError (1001) with every fault */
export function parseCommandRequest(
  body: ExecuteCommandBody,
  settings: CommandsSettings,
  channel?: ChannelTarget,
): CommandRequest {
  const faults: Fault[] = [];
  const { skill_id, skill, capability_id, capability, timeout = settings.timeout } = body;
  if (channel) faults.push(...findContradictions(body, channel));
  if (skill_id !== undefined && skill !== undefined) faults.push(fault('skill', 'must not be given with skill_id'));
  if (capability_id !== undefined && capability !== undefined) {
    faults.push(fault('capability', 'must not be given with capability_id'));
  }
  const wantedCapability = channel?.capabilityId ?? capability_id ?? capability;
  if (wantedCapability === undefined) faults.push(fault('capability_id', 'is required, or capability'));
  if (!channel && capability_id !== undefined && skill_id === undefined && skill === undefined) {
    faults.push(fault('skill_id', 'is required with capability_id, or skill'));
  }
  const named = skill === undefined ? undefined : splitNameAndRange(skill);
  if (named?.name === '') faults.push(fault('skill', 'must begin with a name'));
  if (named && !isVersionRange(named.range)) {
    faults.push(fault('skill', 'must end with a version, a range or latest, such as @^1.2'));
  }
  if (timeout > settings.maxTimeout) faults.push(fault('timeout', `must not be over ${settings.maxTimeout}`));
  if (faults.length > 0 || wantedCapability === undefined) throw new BadParameterError(faults);
  return {
    wanted: toWanted(channel?.skillId ?? skill_id, named, wantedCapability),
    timeoutMs: timeout,
    hash: hashRequest(body),
  };
}

function hashRequest({ command_id: _name, ...content }: ExecuteCommandBody): string {
  const hash = createHash('sha256').update(JSON.stringify(sorted(content)));
  // Different numbers can have one double. The rest is what the release before hashes, which is all of most requests.
  for (const name of PASSED_ON)
    for (const { text } of listInexactNumbers(content[name]?.text ?? '')) hash.update(`,${text}`);
  return hash.digest('hex');
}

function toWanted(skillId: string | undefined, skill: NamedSkill | undefined, capability: string): Wanted {
  if (skillId !== undefined) return { by: 'id', skillId, capability };
  return skill ? { by: 'name', ...skill, capability } : { by: 'capability', capability };
}

/** A channel names the Skill and the capability; fields of the body must not contradict it. */
function findContradictions(body: ExecuteCommandBody, channel: ChannelTarget): Fault[] {
  const { skill_id, skill, capability_id, capability } = body;
  return [
    ...(skill_id !== undefined && skill_id !== channel.skillId
      ? [fault('skill_id', 'is not that of the channel')]
      : []),
    ...(capability_id !== undefined && !isCapabilityOf(channel, canonicalId(capability_id))
      ? [fault('capability_id', 'is not that of the channel')]
      : []),
    ...(skill === undefined ? [] : [fault('skill', 'must not be given with channel_id')]),
    ...(capability === undefined ? [] : [fault('capability', 'must not be given with channel_id')]),
  ];
}

function isCapabilityOf(channel: ChannelTarget, id: string): boolean {
  return id === channel.capabilityId || id === channel.capabilityExternalId;
}

/** Splits `name` or `name@range`. A name may contain an @, such as the first character of a scoped package. */
function splitNameAndRange(skill: string): NamedSkill {
  const at = skill.lastIndexOf('@');
  return at > 0 ? { name: skill.slice(0, at), range: skill.slice(at + 1) } : { name: skill, range: LATEST };
}

/** The top-level fields in a fixed order. Nested fields keep theirs: a client that repeats a request sends the same. */
function sorted(content: object): [string, unknown][] {
  return Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function fault(field: string, reason: string): Fault {
  return { field, reason };
}
