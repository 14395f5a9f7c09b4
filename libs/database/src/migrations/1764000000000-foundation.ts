import type { MigrationInterface, QueryRunner } from 'typeorm';

const TIMES = `created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()`;
const SEMVER = String.raw`'^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$'`;

/** The tables of the protocol (AI Bridge v0.6.0, data model), and what this registry adds to them. */
const UP = [
  `CREATE TABLE clients (
    id uuid CONSTRAINT pk_clients PRIMARY KEY,
    client_id varchar(64) NOT NULL CONSTRAINT uq_clients_client_id UNIQUE,
    name varchar(255) NOT NULL,
    role varchar(16) NOT NULL
      CONSTRAINT ck_clients_role CHECK (role IN ('admin', 'operator', 'publisher', 'agent', 'viewer')),
    secret_hash varchar(255) NOT NULL,
    disabled boolean NOT NULL DEFAULT false,
    ${TIMES})`,

  // Rises with every registration of any Skill, so that a Skill that unregisters and comes back never meets its past.
  `CREATE SEQUENCE skill_generation AS bigint`,
  `CREATE TABLE skills (
    id uuid CONSTRAINT pk_skills PRIMARY KEY,
    name varchar(255) NOT NULL CONSTRAINT ck_skills_name CHECK (btrim(name) <> ''),
    description varchar(1024) NOT NULL DEFAULT '',
    version varchar(32) NOT NULL CONSTRAINT ck_skills_version CHECK (version ~ ${SEMVER}),
    version_key bigint[] NOT NULL GENERATED ALWAYS AS (string_to_array(version, '.')::bigint[]) STORED,
    status varchar(16) NOT NULL DEFAULT 'active'
      CONSTRAINT ck_skills_status CHECK (status IN ('active', 'inactive', 'maintenance')),
    owner varchar(255) NOT NULL,
    generation bigint NOT NULL DEFAULT nextval('skill_generation'),
    revision integer NOT NULL DEFAULT 1 CONSTRAINT ck_skills_revision CHECK (revision > 0),
    registered_at timestamptz NOT NULL DEFAULT now(),
    last_heartbeat timestamptz,
    facets bigint[] NOT NULL DEFAULT '{}',
    callable boolean NOT NULL DEFAULT true,
    ${TIMES},
    CONSTRAINT uq_skills_name_version UNIQUE (name, version))`,
  // Of capabilities, endpoints and metadata: what a Skill can be filtered by, as hashes (docs/adr/0006).
  `CREATE INDEX ix_skills_facets ON skills USING gin (facets) WITH (gin_pending_list_limit = 1024)`,
  `CREATE INDEX ix_skills_status ON skills (status, created_at, id, callable)`,
  `CREATE INDEX ix_skills_created_at ON skills (created_at, id)`,
  `CREATE INDEX ix_skills_version_key ON skills (version_key, id)`,
  `CREATE INDEX ix_skills_updated_at ON skills (updated_at, id)`,

  `CREATE TABLE skill_endpoints (
    id uuid CONSTRAINT pk_skill_endpoints PRIMARY KEY,
    skill_id uuid NOT NULL CONSTRAINT fk_skill_endpoints_skill REFERENCES skills ON DELETE CASCADE,
    url varchar(512) NOT NULL,
    protocol varchar(8) NOT NULL
      CONSTRAINT ck_skill_endpoints_protocol CHECK (protocol IN ('http', 'https', 'ws', 'wss')),
    weight integer NOT NULL DEFAULT 1 CONSTRAINT ck_skill_endpoints_weight CHECK (weight > 0),
    status varchar(16) NOT NULL DEFAULT 'active'
      CONSTRAINT ck_skill_endpoints_status CHECK (status IN ('active', 'inactive')),
    ${TIMES},
    CONSTRAINT uq_skill_endpoints_url UNIQUE (skill_id, url),
    CONSTRAINT ck_skill_endpoints_scheme CHECK (lower(split_part(url, ':', 1)) = protocol))`,
  `CREATE INDEX ix_skill_endpoints_status ON skill_endpoints (status)`,
  `CREATE INDEX ix_skill_endpoints_protocol ON skill_endpoints (protocol, skill_id)`,

  `CREATE TABLE endpoint_params (
    id uuid CONSTRAINT pk_endpoint_params PRIMARY KEY,
    endpoint_id uuid NOT NULL CONSTRAINT fk_endpoint_params_endpoint REFERENCES skill_endpoints ON DELETE CASCADE,
    key varchar(64) NOT NULL,
    value varchar(512) NOT NULL,
    ${TIMES},
    CONSTRAINT uq_endpoint_params_key UNIQUE (endpoint_id, key))`,

  `CREATE TABLE capabilities (
    id uuid CONSTRAINT pk_capabilities PRIMARY KEY,
    skill_id uuid NOT NULL CONSTRAINT fk_capabilities_skill REFERENCES skills ON DELETE CASCADE,
    name varchar(255) NOT NULL CONSTRAINT ck_capabilities_name CHECK (btrim(name) <> ''),
    description varchar(1024) NOT NULL DEFAULT '',
    category varchar(64),
    version varchar(32) NOT NULL CONSTRAINT ck_capabilities_version CHECK (version ~ ${SEMVER}),
    status varchar(16) NOT NULL DEFAULT 'enabled'
      CONSTRAINT ck_capabilities_status CHECK (status IN ('enabled', 'disabled')),
    ${TIMES},
    CONSTRAINT uq_capabilities_name UNIQUE (skill_id, name))`,
  `CREATE INDEX ix_capabilities_name ON capabilities (name, skill_id)`,
  `CREATE INDEX ix_capabilities_category ON capabilities (category, skill_id)`,
  `CREATE INDEX ix_capabilities_status ON capabilities (status)`,
  `CREATE INDEX ix_capabilities_created_at ON capabilities (created_at, id)`,

  `CREATE TABLE capability_params (
    id uuid CONSTRAINT pk_capability_params PRIMARY KEY,
    capability_id uuid NOT NULL CONSTRAINT fk_capability_params_capability REFERENCES capabilities ON DELETE CASCADE,
    name varchar(64) NOT NULL,
    type varchar(16) NOT NULL
      CONSTRAINT ck_capability_params_type CHECK (type IN ('string', 'number', 'boolean', 'object', 'array')),
    required boolean NOT NULL DEFAULT false,
    default_value varchar(512),
    description varchar(255) NOT NULL DEFAULT '',
    ${TIMES},
    CONSTRAINT uq_capability_params_name UNIQUE (capability_id, name))`,

  `CREATE TABLE skill_metadata (
    id uuid CONSTRAINT pk_skill_metadata PRIMARY KEY,
    skill_id uuid NOT NULL CONSTRAINT fk_skill_metadata_skill REFERENCES skills ON DELETE CASCADE,
    key varchar(64) NOT NULL,
    value varchar(512) NOT NULL,
    ${TIMES},
    CONSTRAINT uq_skill_metadata_key UNIQUE (skill_id, key))`,
  `CREATE INDEX ix_skill_metadata_key_value ON skill_metadata (key, value, skill_id)`,

  `CREATE TABLE skill_status (
    id uuid CONSTRAINT pk_skill_status PRIMARY KEY,
    skill_id uuid NOT NULL CONSTRAINT fk_skill_status_skill REFERENCES skills ON DELETE CASCADE
      CONSTRAINT uq_skill_status_skill UNIQUE,
    health varchar(16) NOT NULL DEFAULT 'healthy'
      CONSTRAINT ck_skill_status_health CHECK (health IN ('healthy', 'unhealthy', 'warning')),
    uptime bigint NOT NULL DEFAULT 0 CONSTRAINT ck_skill_status_uptime CHECK (uptime >= 0),
    request_count bigint NOT NULL DEFAULT 0 CONSTRAINT ck_skill_status_request_count CHECK (request_count >= 0),
    error_count bigint NOT NULL DEFAULT 0 CONSTRAINT ck_skill_status_error_count CHECK (error_count >= 0),
    cpu_usage real CONSTRAINT ck_skill_status_cpu_usage CHECK (cpu_usage BETWEEN 0 AND 100),
    memory_usage real CONSTRAINT ck_skill_status_memory_usage CHECK (memory_usage BETWEEN 0 AND 100),
    last_check timestamptz,
    ${TIMES})`,

  // What the free text search looks at: words, and pairs of characters for Chinese (docs/adr/0006).
  `CREATE TABLE skill_search (
    skill_id uuid CONSTRAINT pk_skill_search PRIMARY KEY
      CONSTRAINT fk_skill_search_skill REFERENCES skills ON DELETE CASCADE,
    document tsvector NOT NULL)`,
  // A reader goes through what writers have put off, so that list is kept short: 1 MB instead of 4.
  `CREATE INDEX ix_skill_search_document ON skill_search USING gin (document) WITH (gin_pending_list_limit = 1024)`,

  // History: it outlives the Skill, so there is no foreign key.
  `CREATE TABLE skill_events (
    id uuid CONSTRAINT pk_skill_events PRIMARY KEY,
    skill_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    version varchar(32) NOT NULL,
    event varchar(32) NOT NULL
      CONSTRAINT ck_skill_events_event CHECK (event IN ('registered', 'updated', 'status_changed', 'unregistered')),
    actor varchar(255) NOT NULL,
    registered_at timestamptz NOT NULL,
    unregistered_at timestamptz,
    ${TIMES})`,
  `CREATE INDEX ix_skill_events_skill ON skill_events (skill_id, created_at)`,
  `CREATE INDEX ix_skill_events_created_at ON skill_events (created_at)`,

  `CREATE TABLE channels (
    id uuid CONSTRAINT pk_channels PRIMARY KEY,
    skill_id uuid NOT NULL CONSTRAINT fk_channels_skill REFERENCES skills ON DELETE CASCADE,
    capability_id uuid NOT NULL CONSTRAINT fk_channels_capability REFERENCES capabilities ON DELETE CASCADE,
    status varchar(16) NOT NULL DEFAULT 'open'
      CONSTRAINT ck_channels_status CHECK (status IN ('open', 'closed', 'error')),
    expiry_time timestamptz NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_channels_skill ON channels (skill_id)`,
  `CREATE INDEX ix_channels_capability ON channels (capability_id)`,
  `CREATE INDEX ix_channels_expiry_time ON channels (expiry_time)`,
  `CREATE INDEX ix_channels_status ON channels (status)`,
  `CREATE TABLE channel_contexts (
    id uuid CONSTRAINT pk_channel_contexts PRIMARY KEY,
    channel_id uuid NOT NULL CONSTRAINT fk_channel_contexts_channel REFERENCES channels ON DELETE CASCADE,
    key varchar(64) NOT NULL,
    value varchar(1024) NOT NULL,
    ${TIMES},
    CONSTRAINT uq_channel_contexts_key UNIQUE (channel_id, key))`,

  `CREATE TABLE idempotency_keys (
    id uuid CONSTRAINT pk_idempotency_keys PRIMARY KEY,
    actor varchar(255) NOT NULL,
    key varchar(255) NOT NULL,
    request_hash char(64) NOT NULL,
    response jsonb,
    ${TIMES},
    CONSTRAINT uq_idempotency_keys_key UNIQUE (actor, key))`,
  `CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)`,
];

const TABLES = [
  'idempotency_keys',
  'channel_contexts',
  'channels',
  'skill_events',
  'skill_search',
  'skill_status',
  'skill_metadata',
  'capability_params',
  'capabilities',
  'endpoint_params',
  'skill_endpoints',
  'skills',
  'clients',
];

export class Foundation1764000000000 implements MigrationInterface {
  readonly name = 'Foundation1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
    await runner.query('DROP SEQUENCE skill_generation');
  }
}
