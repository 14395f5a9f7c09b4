import { rowsOf, type Transaction } from '#database';
import type { Permission, Role } from '../roles.js';
import type { ClientLine } from './client.line.js';

interface ExportedClient {
  client_id: string;
  name: string;
  role: Role;
  spaces: string[] | null;
  disabled: boolean;
  created_at: string;
  api_keys: { name: string; scopes: Permission[] | null; expires_at: string | null; disabled: boolean }[];
}

/** No column of a secret, of its hash or of its beginning is read. */
const CLIENTS = `SELECT c.client_id, c.name, c.role, c.spaces, c.disabled, to_json(c.created_at) AS created_at,
    COALESCE((SELECT json_agg(json_build_object('name', k.name, 'scopes', k.scopes, 'expires_at', k.expires_at,
        'disabled', k.disabled) ORDER BY k.created_at, k.id)
      FROM api_keys k WHERE k.client_uuid = c.id), '[]'::json) AS api_keys
  FROM clients c ORDER BY c.created_at, c.id`;

/** Every client as a line of an export. */
export async function* exportedClients(tx: Transaction): AsyncGenerator<ClientLine> {
  for await (const { spaces, api_keys, ...client } of rowsOf<ExportedClient>(tx, CLIENTS)) {
    yield {
      ...client,
      ...(spaces !== null && { spaces }),
      api_keys: api_keys.map(({ scopes, expires_at, ...key }) => ({
        ...key,
        ...(scopes !== null && { scopes }),
        ...(expires_at !== null && { expires_at }),
      })),
    };
  }
}
