import type { Api } from './api.js';

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  target: string;
  result: string;
  reason: string | null;
  requests: number;
  before_digest: string | null;
  after_digest: string | null;
  trace_id: string;
  address: string;
  spaces: string[] | null;
  block: number | null;
}

/** The newest 100 that pass. */
export async function auditEntries(api: Api, query: Record<string, string>): Promise<AuditEntry[]> {
  const { body } = await api
    .get('/audit')
    .query({ page_size: '100', ...query })
    .expect(200);
  return body.data.entries as AuditEntry[];
}
