import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const NUMBER = '(0|[1-9][0-9]*)';
const IDENTIFIER = '(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)';
const BUILD = '[0-9a-zA-Z-]+';
const SEMVER = String.raw`'^${NUMBER}\.${NUMBER}\.${NUMBER}(-${IDENTIFIER}(\.${IDENTIFIER})*)?(\+${BUILD}(\.${BUILD})*)?$'`;
const RELEASE = String.raw`'^${NUMBER}\.${NUMBER}\.${NUMBER}$'`;

/**
 * The order of semantic versions as an array, because arrays compare item by item, and a shorter one comes first. A prerelease
 * of 1.2.3 begins with {1,2,2}, so that it lies behind 1.2.2 and before 1.2.3. Its identifiers follow: numbers as 0, their length
 * and their digits; texts as 1, their characters, and 0. Build metadata has no order (Semantic Versioning 2.0.0, item 11).
 */
const SEMVER_KEY = `CREATE OR REPLACE FUNCTION semver_key(version text) RETURNS bigint[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  bare text := split_part(version, '+', 1);
  dash integer := strpos(bare, '-');
  key bigint[];
  identifier text;
  codes bigint[];
BEGIN
  IF dash = 0 THEN RETURN string_to_array(bare, '.')::bigint[]; END IF;
  key := string_to_array(left(bare, dash - 1), '.')::bigint[];
  key[3] := key[3] - 1;
  FOREACH identifier IN ARRAY string_to_array(substr(bare, dash + 1), '.') LOOP
    codes := ARRAY(SELECT ascii(c) FROM unnest(string_to_array(identifier, NULL)) WITH ORDINALITY AS x(c, place) ORDER BY place);
    IF identifier ~ '^[0-9]+$' THEN key := key || 0::bigint || length(identifier)::bigint || codes;
    ELSE key := key || 1::bigint || codes || 0::bigint;
    END IF;
  END LOOP;
  RETURN key;
END $$`;

const SET_VERSION_KEY = `CREATE OR REPLACE FUNCTION skills_set_version_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version_key := semver_key(NEW.version);
  RETURN NEW;
END $$`;

const INDEXES = {
  // The order of discovery: deprecated Skills come last.
  ix_skills_discovery: 'skills (status, deprecated, created_at, id, callable, has_active)',
  ix_skills_space_discovery: 'skills (space_id, deprecated, created_at, id, status, callable, has_active)',
  ix_skills_deprecated: 'skills (id) WHERE deprecated',
};

const widen = (table: string, ...others: string[]): string[] => [
  `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ck_${table}_version,
     ADD CONSTRAINT ck_${table}_version CHECK (version ~ ${SEMVER}) NOT VALID${others.map((other) => `, ${other}`).join('')}`,
  `ALTER TABLE ${table} VALIDATE CONSTRAINT ck_${table}_version`,
];

// Each statement is a transaction. A failed attempt is repeated from the beginning.
const UP = [
  SEMVER_KEY,
  SET_VERSION_KEY,
  // Without effect until the column is no longer generated, and then at once.
  `CREATE OR REPLACE TRIGGER skills_version_key BEFORE INSERT OR UPDATE OF version ON skills
     FOR EACH ROW EXECUTE FUNCTION skills_set_version_key()`,
  ...widen(
    'skills',
    'ALTER COLUMN version_key DROP EXPRESSION IF EXISTS',
    'ADD COLUMN IF NOT EXISTS deprecated boolean NOT NULL DEFAULT false',
    'ADD COLUMN IF NOT EXISTS deprecation jsonb',
  ),
  ...widen('capabilities'),
  ...Object.entries(INDEXES).flatMap(([name, definition]) => [
    `DROP INDEX IF EXISTS ${name}`,
    `CREATE INDEX CONCURRENTLY ${name} ON ${definition}`,
  ]),
];

/** Deletes Skills with prereleases and build metadata, for which the schema before has no room. */
const DOWN = [
  ...Object.keys(INDEXES).map((name) => `DROP INDEX IF EXISTS ${name}`),
  `DELETE FROM skills WHERE version !~ ${RELEASE}`,
  `UPDATE capabilities SET version = substring(version from '^[0-9.]+') WHERE version !~ ${RELEASE}`,
  `DROP TRIGGER IF EXISTS skills_version_key ON skills`,
  `DROP FUNCTION IF EXISTS skills_set_version_key`,
  `ALTER TABLE capabilities DROP CONSTRAINT ck_capabilities_version,
     ADD CONSTRAINT ck_capabilities_version CHECK (version ~ ${RELEASE.replaceAll('[0-9]', String.raw`\d`)})`,
  `ALTER TABLE skills DROP CONSTRAINT ck_skills_version, DROP COLUMN version_key, DROP COLUMN deprecated, DROP COLUMN deprecation,
     ADD CONSTRAINT ck_skills_version CHECK (version ~ ${RELEASE.replaceAll('[0-9]', String.raw`\d`)}),
     ADD COLUMN version_key bigint[] NOT NULL GENERATED ALWAYS AS (string_to_array(version, '.')::bigint[]) STORED`,
  `CREATE INDEX ix_skills_version_key ON skills (version_key, id)`,
  `DROP FUNCTION IF EXISTS semver_key`,
];

/** Prereleases and build metadata in versions, and deprecated Skills (docs/adr/0046). */
export class Versions1776500000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Versions1776500000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'constraint capabilities.ck_capabilities_version is another': 'it allows all that it allowed before, and more',
    'constraint skills.ck_skills_version is another': 'it allows all that it allowed before, and more',
    'column skills.version_key has no default any more': 'the trigger sets it for versions in use, as the default did',
    'trigger skills.skills_version_key is new or another': 'it sets version_key, which no version in use writes',
  };
}
