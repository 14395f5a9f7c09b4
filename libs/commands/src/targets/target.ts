import type { CapabilityStatus, EndpointProtocol, EndpointStatus, Health, ParameterType, SkillStatus } from '#skills';

/** A parameter that a capability declares. */
export interface DeclaredParameter {
  name: string;
  type: ParameterType;
  required: boolean;
  /** JSON text; null: none. */
  defaultValue: string | null;
}

/** An endpoint that may be called. */
export interface TargetEndpoint {
  endpointId: string;
  url: string;
  protocol: EndpointProtocol;
  weight: number;
  status: EndpointStatus;
  health: Health;
  /** As stored: secret values are encrypted. */
  parameters: { key: string; value: string; secret: boolean }[];
}

/** A capability of a Skill, and where it can be had. */
export interface Target {
  skillId: string;
  skillName: string;
  skillVersion: string;
  skillStatus: SkillStatus;
  owner: string;
  spaceId: string | null;
  /** Null: the Skill has no such capability. */
  capability: {
    capabilityId: string;
    name: string;
    version: string;
    status: CapabilityStatus;
    parameters: DeclaredParameter[];
  } | null;
  endpoints: TargetEndpoint[];
}

/** One that has the capability. */
export type CapableTarget = Target & { capability: NonNullable<Target['capability']> };

/** Its lease lives, or it needs none; and nobody has switched it off. */
export function isLive({ status, health }: TargetEndpoint): boolean {
  return status === 'active' && health !== 'unhealthy';
}
