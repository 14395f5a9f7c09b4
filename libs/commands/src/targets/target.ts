import type {
  CapabilityStatus,
  Deprecation,
  EndpointProtocol,
  EndpointStatus,
  Health,
  ParameterType,
  SkillStatus,
} from '#skills';

/** A parameter that a capability declares. */
export interface DeclaredParameter {
  name: string;
  type: ParameterType;
  required: boolean;
  /** JSON text; null if there is none. */
  defaultValue: string | null;
  /** What it declares besides; null if nothing. Its `type` wins. */
  rules: object | null;
}

/** An endpoint of a Skill. */
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

/** A Skill with one of its capabilities, and its endpoints. */
export interface Target {
  skillId: string;
  /** The id that its owner chose; null: none. */
  externalId: string | null;
  skillName: string;
  skillVersion: string;
  skillStatus: SkillStatus;
  owner: string;
  spaceId: string | null;
  /** Null: it is not deprecated. */
  deprecation: Deprecation | null;
  /** Null if the Skill has no such capability. */
  capability: {
    capabilityId: string;
    externalId: string | null;
    name: string;
    version: string;
    status: CapabilityStatus;
    parameters: DeclaredParameter[];
    /** JSON Schema as text; null if the capability has none. It decides what calls take. */
    inputSchema: string | null;
    /** JSON Schema of results, as text; null if there is none. */
    outputSchema: string | null;
  } | null;
  endpoints: TargetEndpoint[];
}

/** A Skill that has the capability. */
export type CapableTarget = Target & { capability: NonNullable<Target['capability']> };

/** The ids that the caller and the Skill see: those that the owner of the Skill chose, otherwise the UUIDs. */
export function shownIds({ skillId, externalId, capability }: CapableTarget): {
  skill_id: string;
  capability_id: string;
} {
  return { skill_id: externalId ?? skillId, capability_id: capability.externalId ?? capability.capabilityId };
}

/** Whether it is switched on, and its lease or its probes do not say that it is down. */
export function isLive({ status, health }: TargetEndpoint): boolean {
  return status === 'active' && health !== 'unhealthy';
}
