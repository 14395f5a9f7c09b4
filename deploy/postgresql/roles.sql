-- Least privilege: one role owns the tables and migrates; the service runs as another role, which can only do its work.
--
--   psql -v service=skill_service -v password="'...'" -d skill_db -f deploy/postgresql/roles.sql
--
-- Run it as a superuser, or as the owner with CREATEROLE, after `npm run db:init` as the owner, and again after each migration.
-- Run migrations as the owner (npm run db:migrate). The service has its own role in DATABASE_URL.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', :'service')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \gexec
ALTER ROLE :"service" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :password;

SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'skills' AND c.relkind = 'r' AND n.nspname <> 'pg_catalog' LIMIT 1 \gset

GRANT USAGE ON SCHEMA :"schema" TO :"service";
ALTER ROLE :"service" SET search_path = :"schema";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"service";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA :"schema" TO :"service";

-- The history of migrations is read only. The service can add to the audit log and read it, but not change or delete entries. A function of
-- the owner deletes blocks older than 90 days, and nothing younger.
REVOKE INSERT, UPDATE, DELETE ON :"schema".migrations FROM :"service";
REVOKE UPDATE, DELETE ON :"schema".audit_entries, :"schema".audit_blocks, :"schema".audit_seals FROM :"service";
GRANT EXECUTE ON FUNCTION :"schema".audit_delete_oldest(integer, integer) TO :"service";
-- One row that never changes.
REVOKE INSERT, UPDATE, DELETE ON :"schema".registry_identity FROM :"service";
