import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { EachIs } from './each-is.js';
import { Setting } from './setting.js';

const whole = (unit: string): { message: string } => ({ message: `must be a whole number of ${unit}` });

/** Calling Skills (protocol.md section 6). */
export class CommandsSettings {
  /** Milliseconds that a call may take in all, unless it says otherwise. */
  @Setting('COMMAND_TIMEOUT', { example: '30000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  timeout: number = 30_000;

  /** Milliseconds that a call may ask for at most. */
  @Setting('COMMAND_MAX_TIMEOUT', { example: '300000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  maxTimeout: number = 300_000;

  /** Milliseconds until another endpoint is tried, where there is one; `timeout_ms` of an endpoint wins. */
  @Setting('COMMAND_TRY_TIMEOUT', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(50, { message: 'must not be under 50' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  tryTimeout: number = 10_000;

  /** Milliseconds that what is known of a Skill may be old when it is called; a change by this replica counts at once. */
  @Setting('COMMAND_TARGET_MAX_AGE', { example: '1000' })
  @IsInt(whole('milliseconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(30_000, { message: 'must not be over 30000' })
  targetMaxAge: number = 1_000;

  /** Clients whose Skills serve calls that name a capability alone; with `trustedSpaces` either is enough. Both empty: everybody. */
  @Setting('COMMAND_TRUSTED_OWNERS', { example: 'weather-team,traffic-team' })
  @EachIs((item) => item.length <= 255, 'must be ids of clients, separated by commas')
  trustedOwners: string[] = [];

  /** Spaces whose Skills serve calls that name a capability alone. */
  @Setting('COMMAND_TRUSTED_SPACES', { example: 'building-7' })
  @EachIs((item) => /^[A-Za-z0-9._-]{1,64}$/.test(item), 'must be Spaces, separated by commas')
  trustedSpaces: string[] = [];

  /** Endpoints that one call is tried at. */
  @Setting('COMMAND_MAX_TRIES', { example: '3' })
  @IsInt(whole('tries'))
  @Min(1, { message: 'must not be under 1' })
  @Max(10, { message: 'must not be over 10' })
  maxTries: number = 3;

  /** Calls at one endpoint at the same time, of each replica; more go elsewhere. Each needs a connection (OUTBOUND_MAX_CONNECTIONS). */
  @Setting('COMMAND_MAX_IN_FLIGHT', { example: '64' })
  @IsInt(whole('calls'))
  @Min(1, { message: 'must not be under 1' })
  @Max(65_536, { message: 'must not be over 65536' })
  maxInFlight: number = 64;

  /** Milliseconds until an endpoint that failed too often is given another chance. */
  @Setting('COMMAND_BREAKER_PAUSE', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(600_000, { message: 'must not be over 600000' })
  breakerPause: number = 10_000;

  /** Milliseconds in which an endpoint that comes back works up to its full share; 0: at once. */
  @Setting('COMMAND_SLOW_START', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(600_000, { message: 'must not be over 600000' })
  slowStart: number = 10_000;

  /** Bytes of an answer of a Skill; a longer one is a failure of the endpoint. */
  @Setting('COMMAND_MAX_RESPONSE_BYTES', { example: '8388608' })
  @IsInt(whole('bytes'))
  @Min(1_024, { message: 'must not be under 1024' })
  @Max(67_108_864, { message: 'must not be over 67108864' })
  maxResponseBytes: number = 8 * 1024 * 1024;

  /** Bytes of a result that is kept with its execution; a longer one is answered, and not kept. */
  @Setting('COMMAND_KEPT_RESULT_BYTES', { example: '65536' })
  @IsInt(whole('bytes'))
  @Min(0, { message: 'must not be under 0' })
  @Max(8_388_608, { message: 'must not be over 8388608' })
  keptResultBytes: number = 64 * 1024;

  /** Seconds that finished executions are kept. */
  @Setting('COMMAND_RETENTION', { example: '604800' })
  @IsInt(whole('seconds'))
  @Min(60, { message: 'must not be under 60' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  retention: number = 7 * 24 * 3600;

  /** Asynchronous calls that each replica makes at the same time; half of them for one client with one Skill. */
  @Setting('COMMAND_QUEUE_CONCURRENCY', { example: '64' })
  @IsInt(whole('calls'))
  @Min(1, { message: 'must not be under 1' })
  @Max(1_024, { message: 'must not be over 1024' })
  queueConcurrency: number = 64;

  /** Milliseconds between two looks for asynchronous calls and callbacks that another replica has left. */
  @Setting('COMMAND_QUEUE_POLL', { example: '500' })
  @IsInt(whole('milliseconds'))
  @Min(10, { message: 'must not be under 10' })
  @Max(60_000, { message: 'must not be over 60000' })
  queuePoll: number = 500;

  /** Milliseconds after which what a replica that died was doing is done by another; renewed three times as often. */
  @Setting('COMMAND_QUEUE_LEASE', { example: '15000' })
  @IsInt(whole('milliseconds'))
  @Min(1_000, { message: 'must not be under 1000' })
  @Max(600_000, { message: 'must not be over 600000' })
  queueLease: number = 15_000;

  /** Seconds in which an asynchronous call that no Skill has answered is tried again. */
  @Setting('COMMAND_QUEUE_RETRY_FOR', { example: '3600' })
  @IsInt(whole('seconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(2_592_000, { message: 'must not be over 2592000' })
  queueRetryFor: number = 3_600;

  /** Times that an asynchronous call is begun, those that ended with their replica included. */
  @Setting('COMMAND_QUEUE_MAX_ATTEMPTS', { example: '100' })
  @IsInt(whole('attempts'))
  @Min(1, { message: 'must not be under 1' })
  @Max(10_000, { message: 'must not be over 10000' })
  queueMaxAttempts: number = 100;

  /** Callbacks that each replica delivers at the same time; half of them for one client with one receiver. */
  @Setting('CALLBACK_CONCURRENCY', { example: '64' })
  @IsInt(whole('callbacks'))
  @Min(1, { message: 'must not be under 1' })
  @Max(1_024, { message: 'must not be over 1024' })
  callbackConcurrency: number = 64;

  /** Seconds in which a callback is tried again before it counts as dead. */
  @Setting('CALLBACK_RETRY_FOR', { example: '86400' })
  @IsInt(whole('seconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(2_592_000, { message: 'must not be over 2592000' })
  callbackRetryFor: number = 86_400;

  /** What callbacks are signed with; see `resolveCallbackSecret` for what happens without one. */
  @Setting('CALLBACK_SIGNING_SECRET', { example: 'whsec_ and the output of: openssl rand -base64 32' })
  callbackSigningSecret?: string;
}

export const commandsSettings = registerAs('commands', () => new CommandsSettings());
