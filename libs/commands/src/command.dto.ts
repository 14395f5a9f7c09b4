import { ApiProperty } from '@nestjs/swagger';
import {
  BooleanField,
  EnumField,
  IntegerField,
  JsonObjectField,
  JsonText,
  PageQuery,
  SkillIdField,
  TextField,
  TimeField,
  UuidField,
} from '#common';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { EXECUTION_STATUSES, type ExecutionStatus, FORMER_COMPLETED } from './executions/execution.entity.js';
import { CALLBACK_STATUSES, type CallbackStatus } from './callbacks/callback.entity.js';
import { CallbackUrlField } from './callbacks/callback-url.decorator.js';

export const MAX_COMMANDS = 100;
/** Members of a call that reach the Skill as they are written. */
export const PASSED_ON = ['parameters', 'metadata'] as const;
const LONGEST_TIMEOUT_MS = 3_600_000;

/** POST /commands/execute (AI Bridge v0.6.0, Skill interface; protocol.md section 11). */
export class ExecuteCommandBody {
  @TextField({
    max: 128,
    required: false,
    example: 'cmd-20260118-0001',
    description:
      "The caller's id of this call. A request with the same id is the same call: it gets the outcome of the first one, or 202 while that runs. Without it the registry makes one, and each request is a call of its own",
  })
  command_id?: string;

  @SkillIdField({
    required: false,
    description: 'Id of the Skill; or name the Skill in `skill`, or name only a capability',
  })
  skill_id?: string;

  @TextField({
    max: 320,
    required: false,
    example: 'weather-skill@^1.0',
    description:
      'Name of the Skill, optionally with a version range (npm semver); the highest version that fits is called',
  })
  skill?: string;

  @TextField({ max: 255, required: false, example: 'forecast', description: 'Id or name of the capability' })
  capability_id?: string;

  @TextField({
    max: 255,
    required: false,
    example: 'forecast',
    description: 'Name of the capability; without a Skill, the best Skill that has it is called',
  })
  capability?: string;

  @JsonObjectField({
    required: false,
    example: { city: 'Berlin' },
    description: 'The parameters that the capability declares',
  })
  parameters?: JsonText;

  @JsonObjectField({ required: false, description: 'Passed to the Skill unchanged' })
  metadata?: JsonText;

  @UuidField({
    required: false,
    description:
      'A channel of the caller: it names the Skill and the capability, and the Skill gets its context and may change it',
  })
  channel_id?: string;

  @IntegerField({
    min: 1,
    max: LONGEST_TIMEOUT_MS,
    required: false,
    example: 5000,
    description: 'Milliseconds for all tries together; default COMMAND_TIMEOUT, maximum COMMAND_MAX_TIMEOUT',
  })
  timeout?: number;

  @CallbackUrlField({
    description:
      'Makes the call asynchronous: the answer is 202 at once, and the outcome is POSTed to this URL (webhook `executionFinished`)',
  })
  callback_url?: string;

  @BooleanField({
    required: false,
    description:
      'Whether the call is cancelled when the caller closes the connection before the answer. By default it goes on',
  })
  cancel_on_disconnect?: boolean;
}

/** A call whose `command_id` is known: given, or made here. */
export type NamedCommand = ExecuteCommandBody & { command_id: string };

/** POST /commands/batch: each item is a body of `POST /commands/execute`, and is validated on its own. */
export class BatchCommandsBody {
  @ApiProperty({
    type: () => ExecuteCommandBody,
    isArray: true,
    minItems: 1,
    maxItems: MAX_COMMANDS,
    description: 'Made concurrently; a failure does not stop the others',
  })
  @IsArray({ message: 'must be an array' })
  @ArrayMinSize(1, { message: 'must have at least 1 item(s)' })
  @ArrayMaxSize(MAX_COMMANDS, { message: `must have at most ${MAX_COMMANDS} items` })
  commands: unknown[];
}

export class ExecutionIdParam {
  @UuidField({ description: 'Id of the execution' })
  execution_id: string;
}

/** All given filters must match. */
export class ListExecutionsQuery extends PageQuery {
  @EnumField(EXECUTION_STATUSES, {
    name: 'ExecutionStatus',
    required: false,
    description: 'Status of the execution; `success`, the former word, is read as `completed`',
  })
  @Transform(({ value }) => (value === FORMER_COMPLETED ? 'completed' : (value as unknown)))
  status?: ExecutionStatus;

  @SkillIdField({ required: false, description: 'The Skill that was called' })
  skill_id?: string;

  @TextField({ max: 255, required: false, example: 'weather.forecast', description: 'Name of the capability' })
  capability?: string;

  @TextField({ max: 128, required: false, description: "The caller's id of the call" })
  command_id?: string;

  @EnumField(CALLBACK_STATUSES, {
    name: 'CallbackStatus',
    required: false,
    description: 'Status of the callback: pending (also between attempts), delivered, or dead (given up)',
  })
  callback_status?: CallbackStatus;

  @TimeField({ required: false, description: 'Created at this time or later' })
  from?: string;

  @TimeField({ required: false, example: undefined, description: 'Created before this time' })
  to?: string;
}
