import { StatementsMigration } from './statements-migration.js';

const status = (values: string): string => `ALTER TABLE skill_endpoints
  DROP CONSTRAINT ck_skill_endpoints_status,
  ADD CONSTRAINT ck_skill_endpoints_status CHECK (status IN (${values}))`;

const UP = [
  status(`'active', 'inactive', 'draining'`),
  `ALTER TABLE channels ALTER COLUMN skill_id DROP NOT NULL, ALTER COLUMN capability_id DROP NOT NULL`,
  `CREATE TABLE away_channels (
    channel_id uuid CONSTRAINT pk_away_channels PRIMARY KEY
      CONSTRAINT fk_away_channels_channel REFERENCES channels (id) ON DELETE CASCADE,
    skill_id uuid NOT NULL,
    capability_id uuid NOT NULL,
    skill_name varchar(255) NOT NULL,
    skill_version varchar(255) NOT NULL,
    owner varchar(255) NOT NULL,
    space_id varchar(64),
    capability_name varchar(255) NOT NULL,
    expiry_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ix_away_channels_skill ON away_channels (skill_name, skill_version)`,
];

const DOWN = [
  `DROP TABLE away_channels`,
  `DELETE FROM channels WHERE skill_id IS NULL OR capability_id IS NULL`,
  `ALTER TABLE channels ALTER COLUMN skill_id SET NOT NULL, ALTER COLUMN capability_id SET NOT NULL`,
  `UPDATE skill_endpoints SET status = 'inactive' WHERE status = 'draining'`,
  status(`'active', 'inactive'`),
];

/**
 * Endpoints that take no new calls, and channels whose Skill has left for a while: they have no Skill until it returns. The
 * version before routes no call to an endpoint that is not active, and answers 1004 to calls through such a channel.
 */
export class Leaving1776300000000 extends StatementsMigration {
  readonly name = 'Leaving1776300000000';
  protected readonly statements = { up: UP, down: DOWN };
}
