import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting, type SettingFault } from './setting.js';

/** A year. */
const LONGEST = 31_536_000;

/** How long channels live (protocol.md section 3). */
export class ChannelSettings {
  /** Seconds that a channel lives whose creator does not say. */
  @Setting('CHANNEL_EXPIRY', { example: '3600' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  expiry: number = 3600;

  /** Seconds that a channel may live at most. */
  @Setting('CHANNEL_MAX_EXPIRY', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  maxExpiry: number = 86_400;

  /** Seconds that a channel and its context can still be read after its end. */
  @Setting('CHANNEL_RETENTION', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  retention: number = 86_400;
}

export const channelSettings = registerAs('channel', () => new ChannelSettings());

export function checkChannel({ expiry, maxExpiry }: ChannelSettings, faults: SettingFault[]): void {
  // What is no number has its own fault.
  if (!(expiry > maxExpiry)) return;
  faults.push({ variable: 'CHANNEL_EXPIRY', problem: 'must not be over CHANNEL_MAX_EXPIRY', example: '3600' });
}
