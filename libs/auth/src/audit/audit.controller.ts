import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors, ProtocolRoute } from '#common';
import { Authenticated } from '../authenticated.decorator.js';
import { type Caller, CurrentCaller } from '../caller.js';
import { AuditPageResponse, AuditQuery } from './audit.dto.js';
import { AuditRepository } from './audit.repository.js';

/** The audit log (REQ-020). */
@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly repository: AuditRepository) {}

  @Get()
  @Authenticated('audit:read')
  @ProtocolRoute(AuditPageResponse)
  @ApiOperation({
    summary: 'Read the audit log',
    description: 'A caller that is limited to Spaces reads only entries that concern no other Space.',
    operationId: 'listAuditEntries',
  })
  @ApiErrors(1001)
  async list(@CurrentCaller() caller: Caller, @Query() query: AuditQuery): Promise<AuditPageResponse> {
    const { total, items } = await this.repository.page(query, caller.spaces);
    return { total, page: query.page, page_size: query.page_size, entries: items };
  }
}
