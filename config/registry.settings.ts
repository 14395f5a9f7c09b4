import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

/** This service as a registry (protocol.md section 5). */
export class RegistrySettings {
  /** Seconds from the end of a lease until its endpoint is unregistered. 0: never. */
  @Setting('REGISTRY_DEREGISTER_AFTER', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  deregisterAfter: number = 86_400;

  /** Seconds for which a freed name or id stays reserved for its last owner. 0: it is free at once. */
  @Setting('REGISTRY_NAME_HOLD', { example: '2592000' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  nameHold: number = 30 * 86_400;
}

export const registrySettings = registerAs('registry', () => new RegistrySettings());
