import { ApiProperty } from '@nestjs/swagger';
import { EnumField, PageQuery, PageResponse, TextField, TimeField, toSkillUuid } from '#common';
import { Transform } from 'class-transformer';
import { AUDIT_REASONS, AUDIT_RESULTS, type AuditReason, type AuditResult } from './audit-entry.entity.js';

const SKILL = 'skill:';

/** Entries name a Skill by its UUID; the filter may name it by its external id. */
function toTarget(text: string): string {
  return text.startsWith(SKILL) ? SKILL + toSkillUuid(text.slice(SKILL.length)) : text;
}

/** All given filters must match. */
export class AuditQuery extends PageQuery {
  @TextField({ max: 255, required: false, example: 'admin', description: 'The id of the client' })
  actor?: string;

  @TextField({
    max: 64,
    required: false,
    example: 'skill.register',
    description: 'The action; for a refused request its method and route',
  })
  action?: string;

  @TextField({
    max: 255,
    required: false,
    description: 'The target of the action; for a refused request its path',
  })
  @Transform(({ value }) => (typeof value === 'string' ? toTarget(value) : (value as unknown)))
  target?: string;

  @EnumField(AUDIT_RESULTS, { name: 'AuditResult', required: false, description: 'Result of the action' })
  result?: AuditResult;

  @TimeField({ required: false, description: 'Entries at this time or later' })
  from?: string;

  @TimeField({ required: false, example: undefined, description: 'Entries before this time' })
  to?: string;
}

export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({
    example: 'weather-team',
    description: 'A client, "anonymous", or a job of the service such as "sweeper"',
  })
  actor: string;

  @ApiProperty({ example: 'skill.register' })
  action: string;

  @ApiProperty({ example: 'skill:0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10' })
  target: string;

  @ApiProperty({ enum: AUDIT_RESULTS, enumName: 'AuditResult' })
  result: AuditResult;

  @ApiProperty({
    enum: AUDIT_REASONS,
    enumName: 'AuditReason',
    nullable: true,
    description:
      'Why a request was refused: a token or key that was valid earlier, too many requests, wrong secrets, or a repetition',
  })
  reason: AuditReason | null;

  @ApiProperty({
    type: 'integer',
    example: 1,
    description: 'Number of refused requests in this entry; it describes the last one',
  })
  requests: number;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the target before, as canonical JSON' })
  before_digest: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the target after, as canonical JSON' })
  after_digest: string | null;

  @ApiProperty({ example: '0af7651916cd43dd8448eb211c80319c' })
  trace_id: string;

  @ApiProperty({ example: '10.0.0.7', description: 'Address of the sender of the request' })
  address: string;

  @ApiProperty({
    type: String,
    isArray: true,
    nullable: true,
    example: ['building-7'],
    description: 'The Spaces that the entry concerns; null if none, or for entries of older releases',
  })
  spaces: string[] | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The block in which the entry is sealed; null if it is not sealed yet',
  })
  block: number | null;
}

export class AuditPageResponse extends PageResponse {
  @ApiProperty({ type: [AuditEntryResponse], description: 'Newest first' })
  entries: AuditEntryResponse[];
}
