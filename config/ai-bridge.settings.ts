import { registerAs } from '@nestjs/config';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

/** The AI Bridge protocol and the upstream registry (deployment guide 4.5). */
export class AiBridgeSettings {
  @Setting('AI_BRIDGE_PROTOCOL_VERSION', { example: '0.6.0' })
  @Matches(/^\d+\.\d+\.\d+$/, { message: 'must be a version MAJOR.MINOR.PATCH' })
  protocolVersion: string = '0.6.0';

  /** Where this service registers itself as a member; empty turns membership off. */
  @Setting('AI_BRIDGE_REGISTRY_URL', { example: 'http://localhost:8080/api/v1/skills/register', emptyIsValue: true })
  @Matches(/^(https?:\/\/\S+)?$/, { message: 'must be an http or https URL, or empty' })
  registryUrl: string = 'http://localhost:8080/api/v1/skills/register';

  /** Seconds between two heartbeats of a member. */
  @Setting('AI_BRIDGE_HEARTBEAT_INTERVAL', { example: '30' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(3600, { message: 'must not be over 3600' })
  heartbeatInterval: number = 30;
}

export const aiBridgeSettings = registerAs('aiBridge', () => new AiBridgeSettings());
