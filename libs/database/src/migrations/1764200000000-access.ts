import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const TIMES = `created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()`;
/** AI Bridge v0.6.0, section on logs: the audit log is kept for 90 days. */
const RETENTION = `interval '90 days'`;
const AUDIT_TABLES = ['audit_entries', 'audit_blocks', 'audit_seals'];

/** Clients with spaces, keys and sessions; revocations; the audit log. */
const UP = [
  // Tokens carry token_version: those of an older one are refused. The former secret holds until it expires.
  `ALTER TABLE clients ADD COLUMN spaces varchar(64)[],
    ADD COLUMN token_version integer NOT NULL DEFAULT 1 CONSTRAINT ck_clients_token_version CHECK (token_version > 0),
    ADD COLUMN previous_secret_hash varchar(255),
    ADD COLUMN previous_secret_expires_at timestamptz`,

  `CREATE TABLE api_keys (
    id uuid CONSTRAINT pk_api_keys PRIMARY KEY,
    client_uuid uuid NOT NULL CONSTRAINT fk_api_keys_client REFERENCES clients ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    prefix varchar(16) NOT NULL,
    key_hash char(64) NOT NULL CONSTRAINT uq_api_keys_key_hash UNIQUE,
    scopes varchar(64)[],
    expires_at timestamptz,
    last_used_at timestamptz,
    ${TIMES})`,
  `CREATE INDEX ix_api_keys_client ON api_keys (client_uuid, created_at)`,

  // Families of refresh tokens, where there is no Redis: only the newest token of a family holds.
  `CREATE TABLE sessions (
    id uuid CONSTRAINT pk_sessions PRIMARY KEY,
    client_uuid uuid NOT NULL CONSTRAINT fk_sessions_client REFERENCES clients ON DELETE CASCADE,
    client_version integer NOT NULL,
    token_hash char(64) NOT NULL,
    scope varchar(1024) NOT NULL,
    expires_at timestamptz NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_sessions_client ON sessions (client_uuid)`,
  `CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)`,

  // What replicas poll for: credentials that were good and are no more.
  `CREATE TABLE revocations (
    id uuid CONSTRAINT pk_revocations PRIMARY KEY,
    kind varchar(16) NOT NULL CONSTRAINT ck_revocations_kind CHECK (kind IN ('token', 'session', 'client', 'api_key')),
    subject varchar(255) NOT NULL,
    min_version integer,
    expires_at timestamptz NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_revocations_created_at ON revocations (created_at)`,
  `CREATE INDEX ix_revocations_expires_at ON revocations (expires_at)`,

  `CREATE TABLE audit_entries (
    id uuid CONSTRAINT pk_audit_entries PRIMARY KEY,
    actor varchar(255) NOT NULL,
    action varchar(64) NOT NULL,
    target varchar(255) NOT NULL,
    result varchar(16) NOT NULL CONSTRAINT ck_audit_entries_result CHECK (result IN ('success', 'denied', 'failed')),
    before_digest char(64),
    after_digest char(64),
    trace_id varchar(64) NOT NULL,
    address varchar(64) NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_audit_entries_created_at ON audit_entries (created_at, id)`,
  `CREATE INDEX ix_audit_entries_actor ON audit_entries (actor, created_at, id)`,
  `CREATE INDEX ix_audit_entries_action ON audit_entries (action, created_at, id)`,
  `CREATE INDEX ix_audit_entries_target ON audit_entries (target, created_at, id)`,
  `CREATE INDEX ix_audit_entries_refused ON audit_entries (result, created_at, id) WHERE result <> 'success'`,

  // Blocks of entries, each with the hash of the one before; a seal says which block an entry is in.
  `CREATE TABLE audit_blocks (
    id uuid CONSTRAINT pk_audit_blocks PRIMARY KEY,
    number bigint NOT NULL CONSTRAINT uq_audit_blocks_number UNIQUE,
    entries integer NOT NULL CONSTRAINT ck_audit_blocks_entries CHECK (entries > 0),
    previous_hash char(64) NOT NULL,
    hash char(64) NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_audit_blocks_created_at ON audit_blocks (created_at)`,
  `CREATE TABLE audit_seals (
    id uuid CONSTRAINT pk_audit_seals PRIMARY KEY,
    block_number bigint NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_audit_seals_block ON audit_seals (block_number, id)`,
  `CREATE INDEX ix_audit_seals_created_at ON audit_seals (created_at)`,

  // Nobody changes the log, and nobody deletes what is younger than the retention: not even the role that owns it.
  `CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      IF OLD.created_at < now() - ${RETENTION} THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
  END $$`,
  ...AUDIT_TABLES.flatMap((table) => [
    `CREATE TRIGGER tr_${table}_append_only BEFORE UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()`,
    `CREATE TRIGGER tr_${table}_no_truncate BEFORE TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()`,
  ]),

  // The Space that a Skill lives in; null: in none. The index answers what lists and discovery of one Space count.
  `ALTER TABLE skills ADD COLUMN space_id varchar(64)`,
  `CREATE INDEX ix_skills_space ON skills (space_id, created_at, id, status, callable, has_active, has_live)`,
];

const DOWN = [
  `DROP INDEX ix_skills_space`,
  `ALTER TABLE skills DROP COLUMN space_id`,
  ...AUDIT_TABLES.map((table) => `DROP TABLE ${table}`),
  `DROP FUNCTION audit_is_append_only`,
  `DROP TABLE revocations`,
  `DROP TABLE sessions`,
  `DROP TABLE api_keys`,
  `ALTER TABLE clients DROP COLUMN spaces, DROP COLUMN token_version, DROP COLUMN previous_secret_hash,
    DROP COLUMN previous_secret_expires_at`,
];

export class Access1764200000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Access1764200000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'index skills.ix_skills_space is made under a lock': '0.3 s for 100,000 Skills',
  };
}
