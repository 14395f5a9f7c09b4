import { StatementsMigration } from './statements-migration.js';

const UP = [
  // Rows change with every probe: room for the new version beside the old one.
  `CREATE TABLE endpoint_probes (
    endpoint_id uuid CONSTRAINT pk_endpoint_probes PRIMARY KEY
      CONSTRAINT fk_endpoint_probes_endpoint REFERENCES skill_endpoints (id) ON DELETE CASCADE,
    next_probe_at timestamptz,
    claimed_until timestamptz,
    requested boolean NOT NULL DEFAULT false,
    failures integer NOT NULL DEFAULT 0 CONSTRAINT ck_endpoint_probes_failures CHECK (failures >= 0),
    successes integer NOT NULL DEFAULT 0 CONSTRAINT ck_endpoint_probes_successes CHECK (successes >= 0),
    last_result varchar(16)
      CONSTRAINT ck_endpoint_probes_last_result CHECK (last_result IN ('healthy', 'warning', 'unhealthy')),
    reason varchar(255),
    latency_ms integer CONSTRAINT ck_endpoint_probes_latency_ms CHECK (latency_ms >= 0),
    probed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80)`,
  `CREATE INDEX ix_endpoint_probes_next ON endpoint_probes (next_probe_at) WHERE next_probe_at IS NOT NULL`,
];

const DOWN = [`DROP TABLE endpoint_probes`];

/** Health checks of endpoints. */
export class Probes1765000000000 extends StatementsMigration {
  readonly name = 'Probes1765000000000';
  protected readonly statements = { up: UP, down: DOWN };
}
