import { Module } from '@nestjs/common';
import { QuotaCounts } from './quota-counts.js';
import { Quotas } from './quotas.js';

/** Knows nobody: rooms say how what they keep is counted. */
@Module({ providers: [QuotaCounts, Quotas], exports: [Quotas] })
export class QuotasModule {}
