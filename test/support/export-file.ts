import { createHash } from 'node:crypto';

/** Of the Skill that `skillLine` gives. */
export const ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10';
export const TIME = '2026-01-18T00:00:00.123456+00:00';

/** Lines of a file, with a trailer that fits unless it is given. */
export function exportOf(lines: readonly (object | string)[], trailer?: object | string): string {
  const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  const typesOf = lines.map((line) => (line as { type?: string }).type ?? '');
  const count = (type: string) => typesOf.filter((other) => other === type).length;
  const fitting = {
    type: 'trailer',
    counts: { client: count('client'), name: count('name'), skill: count('skill') },
    sha256: createHash('sha256').update(text).digest('hex'),
  };
  const last = trailer ?? fitting;
  return `${text}${typeof last === 'string' ? last : `${JSON.stringify(last)}\n`}`;
}

export const headerLine = (overrides: object = {}) => ({
  ...{ type: 'header', format: 'ooder-skill-export', format_version: 1, service_version: '0.6.0', schema: 'Some1' },
  ...{ snapshot_at: TIME, generation: 77 },
  ...overrides,
});
export const skillLine = (overrides: object = {}) => ({
  ...{ type: 'skill', skill_id: ID, name: 'weather', version: '1.0.0', owner: 'team', generation: 5 },
  ...{ registered_at: TIME, created_at: TIME, updated_at: TIME, endpoints: [{ url: 'http://10.0.0.1:1' }] },
  ...overrides,
});
export const nameLine = (overrides: object = {}) => ({
  ...{ type: 'name', name: 'weather', owner: 'team' },
  ...overrides,
});
export const clientLine = (overrides: object = {}) => ({
  ...{ type: 'client', client_id: 'team', name: 'Team', role: 'publisher', created_at: TIME },
  ...overrides,
});
