import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { EachIs } from './each-is.js';
import { Setting } from './setting.js';

const whole = (unit: string): { message: string } => ({ message: `must be a whole number of ${unit}` });

/** Credentials; headers of one connection (RFC 9110 section 7.6.1); headers that this service sets. */
const NOT_FORWARDED =
  /authori[sz]ation|cookie|api-?key|secret|password|token|^(x-ooder-.*|proxy-.*|content-.*|accept(-.*)?|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|prefer|traceparent|tracestate|baggage|user-agent)$/i;

/** Calling Skills (protocol.md section 6). */
export class CommandsSettings {
  /** Default of the milliseconds that a call may take in total. */
  @Setting('COMMAND_TIMEOUT', { example: '30000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  timeout: number = 30_000;

  /** The longest time-out that a call may ask for, in milliseconds. */
  @Setting('COMMAND_MAX_TIMEOUT', { example: '300000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  maxTimeout: number = 300_000;

  /**
   * Milliseconds until a call tries another endpoint as well, while it is not known how long the Skill takes: at most two thirds of
   * the time-out of the call. Afterwards it follows from the last answers.
   */
  @Setting('COMMAND_TRY_TIMEOUT', { example: '20000' })
  @IsInt(whole('milliseconds'))
  @Min(50, { message: 'must not be under 50' })
  @Max(3_600_000, { message: 'must not be over 3600000' })
  tryTimeout: number = 20_000;

  /** Milliseconds for which calls may use cached data of a Skill. Changes by the same replica apply at once. */
  @Setting('COMMAND_TARGET_MAX_AGE', { example: '1000' })
  @IsInt(whole('milliseconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(30_000, { message: 'must not be over 30000' })
  targetMaxAge: number = 1_000;

  /**
   * Clients whose Skills serve calls that name only a capability. A Skill must belong to one of these clients or be in one of
   * `trustedSpaces`. If both are empty, all Skills serve such calls.
   */
  @Setting('COMMAND_TRUSTED_OWNERS', { example: 'weather-team,traffic-team' })
  @EachIs((item) => item.length <= 255, 'must be ids of clients, separated by commas')
  trustedOwners: string[] = [];

  /** Spaces whose Skills serve calls that name only a capability. */
  @Setting('COMMAND_TRUSTED_SPACES', { example: 'building-7' })
  @EachIs((item) => /^[A-Za-z0-9._-]{1,64}$/.test(item), 'must be Spaces, separated by commas')
  trustedSpaces: string[] = [];

  /**
   * Headers of the caller's request that its calls of Skills have too, besides `tracestate` and `baggage`. Not those that carry
   * credentials, belong to one connection, or are set by this service.
   */
  @Setting('COMMAND_FORWARD_HEADERS', { example: 'x-tenant,x-request-id' })
  @EachIs(
    (item) => /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/i.test(item) && !NOT_FORWARDED.test(item),
    'must be names of headers, separated by commas; none with credentials, of the connection, or set by this service',
  )
  forwardHeaders: string[] = [];

  /** Whether each request to call a Skill is in the audit log. It costs a write for each call. */
  @Setting('AUDIT_CALLS', { example: 'false' })
  auditCalls: boolean = false;

  /** Number of endpoints that one call tries. */
  @Setting('COMMAND_MAX_TRIES', { example: '3' })
  @IsInt(whole('tries'))
  @Min(1, { message: 'must not be under 1' })
  @Max(10, { message: 'must not be over 10' })
  maxTries: number = 3;

  /**
   * Concurrent calls of each replica to one endpoint. Further calls go to other endpoints. Each call needs a connection
   * (OUTBOUND_MAX_CONNECTIONS).
   */
  @Setting('COMMAND_MAX_IN_FLIGHT', { example: '64' })
  @IsInt(whole('calls'))
  @Min(1, { message: 'must not be under 1' })
  @Max(65_536, { message: 'must not be over 65536' })
  maxInFlight: number = 64;

  /** Milliseconds until an endpoint that failed too often gets a trial call. */
  @Setting('COMMAND_BREAKER_PAUSE', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(100, { message: 'must not be under 100' })
  @Max(600_000, { message: 'must not be over 600000' })
  breakerPause: number = 10_000;

  /** Milliseconds in which the share of a recovered endpoint grows to its full weight. 0: at once. */
  @Setting('COMMAND_SLOW_START', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(600_000, { message: 'must not be over 600000' })
  slowStart: number = 10_000;

  /** The largest answer of a Skill, in bytes. A larger one counts as a failure of the endpoint. */
  @Setting('COMMAND_MAX_RESPONSE_BYTES', { example: '8388608' })
  @IsInt(whole('bytes'))
  @Min(1_024, { message: 'must not be under 1024' })
  @Max(67_108_864, { message: 'must not be over 67108864' })
  maxResponseBytes: number = 8 * 1024 * 1024;

  /** The largest result that is stored with its execution, in bytes. A larger one is only returned. */
  @Setting('COMMAND_KEPT_RESULT_BYTES', { example: '65536' })
  @IsInt(whole('bytes'))
  @Min(0, { message: 'must not be under 0' })
  @Max(8_388_608, { message: 'must not be over 8388608' })
  keptResultBytes: number = 64 * 1024;

  /** Seconds for which finished executions are stored. */
  @Setting('COMMAND_RETENTION', { example: '604800' })
  @IsInt(whole('seconds'))
  @Min(60, { message: 'must not be under 60' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  retention: number = 7 * 24 * 3600;

  /** Concurrent asynchronous calls of each replica; at most half of them for one client and one Skill. */
  @Setting('COMMAND_QUEUE_CONCURRENCY', { example: '64' })
  @IsInt(whole('calls'))
  @Min(1, { message: 'must not be under 1' })
  @Max(1_024, { message: 'must not be over 1024' })
  queueConcurrency: number = 64;

  /** Milliseconds between two searches for asynchronous calls and callbacks that another replica has left. */
  @Setting('COMMAND_QUEUE_POLL', { example: '500' })
  @IsInt(whole('milliseconds'))
  @Min(10, { message: 'must not be under 10' })
  @Max(60_000, { message: 'must not be over 60000' })
  queuePoll: number = 500;

  /** Milliseconds until another replica takes over the work of a dead replica. A living one renews its claim every third of it. */
  @Setting('COMMAND_QUEUE_LEASE', { example: '15000' })
  @IsInt(whole('milliseconds'))
  @Min(1_000, { message: 'must not be under 1000' })
  @Max(600_000, { message: 'must not be over 600000' })
  queueLease: number = 15_000;

  /** Seconds in which an asynchronous call without an answer is retried. */
  @Setting('COMMAND_QUEUE_RETRY_FOR', { example: '3600' })
  @IsInt(whole('seconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(2_592_000, { message: 'must not be over 2592000' })
  queueRetryFor: number = 3_600;

  /** Attempts of an asynchronous call, including those of replicas that died. */
  @Setting('COMMAND_QUEUE_MAX_ATTEMPTS', { example: '100' })
  @IsInt(whole('attempts'))
  @Min(1, { message: 'must not be under 1' })
  @Max(10_000, { message: 'must not be over 10000' })
  queueMaxAttempts: number = 100;

  /** Concurrent deliveries of callbacks by each replica; at most half of them for one client and one receiver. */
  @Setting('CALLBACK_CONCURRENCY', { example: '64' })
  @IsInt(whole('callbacks'))
  @Min(1, { message: 'must not be under 1' })
  @Max(1_024, { message: 'must not be over 1024' })
  callbackConcurrency: number = 64;

  /** Seconds in which the delivery of a callback is retried before it counts as dead. */
  @Setting('CALLBACK_RETRY_FOR', { example: '86400' })
  @IsInt(whole('seconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(2_592_000, { message: 'must not be over 2592000' })
  callbackRetryFor: number = 86_400;

  /** The secret that signs callbacks. See `resolveCallbackSecret` for the default. */
  @Setting('CALLBACK_SIGNING_SECRET', { example: 'whsec_ and the output of: openssl rand -base64 32' })
  callbackSigningSecret?: string;
}

export const commandsSettings = registerAs('commands', () => new CommandsSettings());
