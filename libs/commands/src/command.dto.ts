import { ApiProperty } from '@nestjs/swagger';
import { EnumField, IntegerField, JsonObjectField, PageQuery, TextField, TimeField, UuidField } from '#common';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { EXECUTION_STATUSES, type ExecutionStatus } from './executions/execution.entity.js';
import { CALLBACK_STATUSES, type CallbackStatus } from './callbacks/callback.entity.js';
import { CallbackUrlField } from './callbacks/callback-url.decorator.js';

export const MAX_COMMANDS = 100;
const LONGEST_TIMEOUT_MS = 3_600_000;

/** POST /commands/execute (AI Bridge v0.6.0, Skill interface; protocol.md section 11). */
export class ExecuteCommandBody {
  @TextField({
    max: 128,
    example: 'cmd-20260118-0001',
    description:
      "The caller's name of this call. The same again is the same call, and is answered with what became of it",
  })
  command_id: string;

  @UuidField({ required: false, description: 'The Skill; or name it in `skill`, or leave the choice to us' })
  skill_id?: string;

  @TextField({
    max: 320,
    required: false,
    example: 'weather-skill@^1.0',
    description:
      'Name of the Skill, with a range of versions (npm semver) if any will not do; the highest that fits serves',
  })
  skill?: string;

  @TextField({ max: 255, required: false, example: 'forecast', description: 'The capability: its id, or its name' })
  capability_id?: string;

  @TextField({
    max: 255,
    required: false,
    example: 'forecast',
    description: 'Name of the capability; without a Skill, the best that has it serves',
  })
  capability?: string;

  @JsonObjectField({ required: false, example: { city: 'Berlin' }, description: 'As the capability declares them' })
  parameters?: Record<string, unknown>;

  @JsonObjectField({ required: false, description: 'Passed on to the Skill as it is' })
  metadata?: Record<string, unknown>;

  @UuidField({
    required: false,
    description:
      'A channel of the caller: names the Skill and the capability, gives its context, and takes what the Skill puts into it',
  })
  channel_id?: string;

  @IntegerField({
    min: 1,
    max: LONGEST_TIMEOUT_MS,
    required: false,
    example: 5000,
    description: 'Milliseconds for all tries together; COMMAND_TIMEOUT by default, COMMAND_MAX_TIMEOUT at most',
  })
  timeout?: number;

  @CallbackUrlField({
    description:
      'The call is then made by the queue, answered with 202 at once, and what becomes of it is POSTed here (webhook `executionFinished`)',
  })
  callback_url?: string;
}

/** POST /commands/batch: each item is a body of `POST /commands/execute`, and is checked for itself. */
export class BatchCommandsBody {
  @ApiProperty({
    type: () => ExecuteCommandBody,
    isArray: true,
    minItems: 1,
    maxItems: MAX_COMMANDS,
    description: 'Made side by side; a failure does not stop the others',
  })
  @IsArray({ message: 'must be an array' })
  @ArrayMinSize(1, { message: 'must have at least 1 item(s)' })
  @ArrayMaxSize(MAX_COMMANDS, { message: `must have at most ${MAX_COMMANDS} items` })
  commands: unknown[];
}

export class ExecutionIdParam {
  @UuidField({ description: 'The execution' })
  execution_id: string;
}

/** All that is given must hold. */
export class ListExecutionsQuery extends PageQuery {
  @EnumField(EXECUTION_STATUSES, { name: 'ExecutionStatus', required: false, description: 'What became of it' })
  status?: ExecutionStatus;

  @UuidField({ required: false, description: 'The Skill that was called' })
  skill_id?: string;

  @TextField({ max: 255, required: false, example: 'forecast', description: 'Name of the capability' })
  capability?: string;

  @TextField({ max: 128, required: false, description: "The caller's name of the call" })
  command_id?: string;

  @EnumField(CALLBACK_STATUSES, {
    name: 'CallbackStatus',
    required: false,
    example: 'dead',
    description: 'How its callback goes: waiting or tried again, delivered, or given up',
  })
  callback_status?: CallbackStatus;

  @TimeField({ required: false, description: 'Not made before this' })
  from?: string;

  @TimeField({ required: false, example: '2026-02-18T00:00:00Z', description: 'Made before this' })
  to?: string;
}
