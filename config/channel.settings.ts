import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting, type SettingFault } from './setting.js';

/** A year, in seconds. */
const LONGEST = 31_536_000;

/** Lifetimes of channels (protocol.md section 3). */
export class ChannelSettings {
  /** Default lifetime of a channel in seconds. */
  @Setting('CHANNEL_EXPIRY', { example: '3600' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  expiry: number = 3600;

  /** Longest lifetime of a channel in seconds. */
  @Setting('CHANNEL_MAX_EXPIRY', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  maxExpiry: number = 86_400;

  /** Seconds for which a channel and its context can be read after its end. */
  @Setting('CHANNEL_RETENTION', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  retention: number = 86_400;

  /** Seconds for which channels of a Skill that has left wait for its return. 0: they are closed at once. */
  @Setting('CHANNEL_RETURN_WAIT', { example: '120' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(LONGEST, { message: `must not be over ${LONGEST}` })
  returnWait: number = 120;
}

export const channelSettings = registerAs('channel', () => new ChannelSettings());

export function checkChannel({ expiry, maxExpiry }: ChannelSettings, faults: SettingFault[]): void {
  // A value that is not a number has its own fault.
  if (!(expiry > maxExpiry)) return;
  faults.push({ variable: 'CHANNEL_EXPIRY', problem: 'must not be over CHANNEL_MAX_EXPIRY', example: '3600' });
}
