import { Module } from '@nestjs/common';
import { QuotaCounts } from './quota-counts.js';
import { Quotas } from './quotas.js';

/** Imports no room that has quotas: these rooms register how their rows are counted. */
@Module({ providers: [QuotaCounts, Quotas], exports: [Quotas] })
export class QuotasModule {}
