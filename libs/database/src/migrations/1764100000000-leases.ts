import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const EVENTS = "'registered', 'updated', 'status_changed', 'unregistered'";
const ENDPOINT_EVENTS = "'endpoint_healthy', 'endpoint_warning', 'endpoint_unhealthy', 'endpoint_unregistered'";

/** Leases of endpoints, their health, and what discovery and lists need to leave out those that are unhealthy. */
const UP = [
  `ALTER TABLE skill_endpoints ADD COLUMN health varchar(16) NOT NULL DEFAULT 'healthy'
    CONSTRAINT ck_skill_endpoints_health CHECK (health IN ('healthy', 'unhealthy', 'warning'))`,

  // A row per endpoint that ever registered or sent a heartbeat. Room on each page, since heartbeats are written in batches.
  `CREATE TABLE endpoint_leases (
    id uuid CONSTRAINT pk_endpoint_leases PRIMARY KEY,
    endpoint_id uuid NOT NULL CONSTRAINT uq_endpoint_leases_endpoint UNIQUE
      CONSTRAINT fk_endpoint_leases_endpoint REFERENCES skill_endpoints ON DELETE CASCADE,
    skill_id uuid NOT NULL CONSTRAINT fk_endpoint_leases_skill REFERENCES skills ON DELETE CASCADE,
    generation bigint NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    last_heartbeat timestamptz NOT NULL DEFAULT now(),
    expired_at timestamptz,
    uptime bigint CONSTRAINT ck_endpoint_leases_uptime CHECK (uptime >= 0),
    request_count bigint CONSTRAINT ck_endpoint_leases_request_count CHECK (request_count >= 0),
    error_count bigint CONSTRAINT ck_endpoint_leases_error_count CHECK (error_count >= 0),
    cpu_usage real CONSTRAINT ck_endpoint_leases_cpu_usage CHECK (cpu_usage BETWEEN 0 AND 100),
    memory_usage real CONSTRAINT ck_endpoint_leases_memory_usage CHECK (memory_usage BETWEEN 0 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 70)`,
  `CREATE INDEX ix_endpoint_leases_skill ON endpoint_leases (skill_id)`,
  `CREATE INDEX ix_endpoint_leases_expired_at ON endpoint_leases (expired_at) WHERE expired_at IS NOT NULL`,

  // One row, made with the database: keeps registries that share a Redis apart.
  `CREATE TABLE registry_identity (
    id uuid CONSTRAINT pk_registry_identity PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now())`,
  `INSERT INTO registry_identity (id) VALUES (gen_random_uuid())`,

  // callable: an active endpoint that is not unhealthy (discovery); has_active: an active one, whatever its health;
  // has_live: one that is not unhealthy, whatever its status (lists).
  `ALTER TABLE skills ADD COLUMN has_active boolean NOT NULL DEFAULT true, ADD COLUMN has_live boolean NOT NULL DEFAULT true`,
  `UPDATE skills SET has_active = callable WHERE NOT callable`,
  `DROP INDEX ix_skills_status`,
  `CREATE INDEX ix_skills_status ON skills (status, created_at, id, callable, has_active, has_live)`,
  `DROP INDEX ix_skills_created_at`,
  `CREATE INDEX ix_skills_created_at ON skills (created_at, id, has_live)`,

  `CREATE INDEX ix_skills_dead ON skills (id) WHERE NOT has_live`,

  `ALTER TABLE skill_events ADD COLUMN endpoint_url varchar(512),
    DROP CONSTRAINT ck_skill_events_event,
    ADD CONSTRAINT ck_skill_events_event CHECK (event IN (${EVENTS}, ${ENDPOINT_EVENTS}))`,
];

const DOWN = [
  `DELETE FROM skill_events WHERE event IN (${ENDPOINT_EVENTS})`,
  `ALTER TABLE skill_events DROP COLUMN endpoint_url,
    DROP CONSTRAINT ck_skill_events_event,
    ADD CONSTRAINT ck_skill_events_event CHECK (event IN (${EVENTS}))`,
  `DROP INDEX ix_skills_dead`,
  `DROP INDEX ix_skills_created_at`,
  `CREATE INDEX ix_skills_created_at ON skills (created_at, id)`,
  `DROP INDEX ix_skills_status`,
  `CREATE INDEX ix_skills_status ON skills (status, created_at, id, callable)`,
  `UPDATE skills SET callable = has_active WHERE callable <> has_active`,
  `ALTER TABLE skills DROP COLUMN has_active, DROP COLUMN has_live`,
  `DROP TABLE registry_identity`,
  `DROP TABLE endpoint_leases`,
  `ALTER TABLE skill_endpoints DROP COLUMN health`,
];

export class Leases1764100000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Leases1764100000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'index skills.ix_skills_created_at is made under a lock': '0.8 s for 100,000 Skills, all three',
    'index skills.ix_skills_dead is made under a lock': '0.8 s for 100,000 Skills, all three',
    'index skills.ix_skills_status is made under a lock': '0.8 s for 100,000 Skills, all three',
  };
}
