import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiErrors, PageRoute, toPageResponse } from '#common';
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
  @PageRoute(AuditPageResponse)
  @ApiOperation({
    summary: 'Read the audit log',
    description:
      'To find out who changed what, and what was refused. You get entries newest first, page by page. A caller that is limited to Spaces reads only entries that concern no other Space.',
    operationId: 'listAuditEntries',
  })
  @ApiErrors(1001)
  async list(@CurrentCaller() caller: Caller, @Query() query: AuditQuery): Promise<AuditPageResponse> {
    const { items, ...page } = await this.repository.page(query, caller.spaces);
    return { ...toPageResponse(query, page), entries: items };
  }
}
