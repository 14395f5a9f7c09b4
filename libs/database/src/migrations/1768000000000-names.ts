import { StatementsMigration } from './statements-migration.js';

const TIMES = `created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()`;

const UP = [
  `CREATE TABLE skill_names (
    name varchar(255) CONSTRAINT pk_skill_names PRIMARY KEY,
    owner varchar(255) NOT NULL,
    held_until timestamptz NOT NULL DEFAULT now(),
    ${TIMES})`,
  `CREATE TABLE skill_name_shares (
    name varchar(255) NOT NULL
      CONSTRAINT fk_skill_name_shares_name REFERENCES skill_names ON DELETE CASCADE,
    client_id varchar(255) NOT NULL,
    ${TIMES},
    CONSTRAINT pk_skill_name_shares PRIMARY KEY (name, client_id))`,
  `CREATE TABLE freed_skill_ids (
    skill_id uuid CONSTRAINT pk_freed_skill_ids PRIMARY KEY,
    name varchar(255) NOT NULL,
    owner varchar(255) NOT NULL,
    held_until timestamptz NOT NULL,
    ${TIMES})`,
  `CREATE INDEX ix_freed_skill_ids_name ON freed_skill_ids (name)`,
  `CREATE INDEX ix_freed_skill_ids_held_until ON freed_skill_ids (held_until)`,
  // Who was first has the name. Others who have versions of it today keep them: they share it.
  `INSERT INTO skill_names (name, owner) SELECT DISTINCT ON (name) name, owner FROM skills ORDER BY name, created_at, id`,
  `INSERT INTO skill_name_shares (name, client_id)
   SELECT DISTINCT s.name, s.owner FROM skills s JOIN skill_names n ON n.name = s.name WHERE s.owner <> n.owner`,
];

const DOWN = [`DROP TABLE freed_skill_ids`, `DROP TABLE skill_name_shares`, `DROP TABLE skill_names`];

/** Names of Skills have an owner; freed names and ids stay with it for a time. */
export class Names1768000000000 extends StatementsMigration {
  readonly name = 'Names1768000000000';
  protected readonly statements = { up: UP, down: DOWN };
}
