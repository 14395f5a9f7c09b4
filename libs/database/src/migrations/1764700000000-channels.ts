import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

/**
 * Whose a channel is, what it carries, which endpoint it sticks to, when it ended, and how much context it holds. No
 * release could open one before: rows that somebody put there by hand belong to no client.
 */
const UP = [
  `ALTER TABLE channels
     ADD COLUMN client_id varchar(255) NOT NULL DEFAULT '',
     ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}'
       CONSTRAINT ck_channels_metadata CHECK (jsonb_typeof(metadata) = 'object'),
     ADD COLUMN endpoint_id uuid
       CONSTRAINT fk_channels_endpoint REFERENCES skill_endpoints ON DELETE SET NULL,
     ADD COLUMN context_keys integer NOT NULL DEFAULT 0
       CONSTRAINT ck_channels_context_keys CHECK (context_keys >= 0 AND context_keys <= 100),
     ADD COLUMN closed_at timestamptz`,
  `ALTER TABLE channels ALTER COLUMN client_id DROP DEFAULT`,
  `UPDATE channels c SET closed_at = CASE WHEN status <> 'open' THEN updated_at END,
     context_keys = LEAST(100, (SELECT count(*) FROM channel_contexts x WHERE x.channel_id = c.id))`,
  `ALTER TABLE channels ADD CONSTRAINT ck_channels_closed_at CHECK ((status = 'open') = (closed_at IS NULL))`,
  `CREATE INDEX ix_channels_client ON channels (client_id, created_at, id)`,
  `CREATE INDEX ix_channels_created_at ON channels (created_at, id)`,
  `CREATE INDEX ix_channels_endpoint ON channels (endpoint_id)`,
  `CREATE INDEX ix_channels_open ON channels (expiry_time) WHERE status = 'open'`,
  `CREATE INDEX ix_channels_closed_at ON channels (closed_at) WHERE status <> 'open'`,
];

const DOWN = [
  `DROP INDEX ix_channels_closed_at`,
  `DROP INDEX ix_channels_open`,
  `DROP INDEX ix_channels_endpoint`,
  `DROP INDEX ix_channels_created_at`,
  `DROP INDEX ix_channels_client`,
  `ALTER TABLE channels DROP COLUMN client_id, DROP COLUMN metadata, DROP COLUMN endpoint_id, DROP COLUMN context_keys,
     DROP COLUMN closed_at`,
];

export class Channels1764700000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Channels1764700000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'column channels.client_id is new and required': 'no version before could open a channel',
    'constraint channels.ck_channels_closed_at is new': 'no version before could open a channel',
    'index channels.ix_channels_client is made under a lock': 'no version before could open a channel',
    'index channels.ix_channels_closed_at is made under a lock': 'no version before could open a channel',
    'index channels.ix_channels_created_at is made under a lock': 'no version before could open a channel',
    'index channels.ix_channels_endpoint is made under a lock': 'no version before could open a channel',
    'index channels.ix_channels_open is made under a lock': 'no version before could open a channel',
  };
}
