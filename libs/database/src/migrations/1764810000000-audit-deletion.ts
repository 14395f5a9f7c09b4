import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The service deletes of the audit log what this function lets it delete, and needs no other right to: whole blocks of more
 * than 90 days (AI Bridge v0.6.0, section on logs), the oldest first, but never the newest, from which the chain goes on;
 * and an hour more, because an entry may be a little younger than its block, and triggers refuse what is too young.
 */
const DELETE_OLDEST = (schema: string): string => `
  CREATE FUNCTION audit_delete_oldest(max_blocks integer, max_entries integer)
  RETURNS TABLE (blocks integer, last_block bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
  DECLARE
    numbers bigint[];
  BEGIN
    WITH first AS (
      SELECT number, entries, created_at FROM audit_blocks ORDER BY number LIMIT max_blocks FOR UPDATE),
    counted AS (
      SELECT number, sum(entries) OVER in_order AS total,
        bool_and(created_at < now() - interval '90 days 1 hour'
          AND number < (SELECT max(b.number) FROM audit_blocks b)) OVER in_order AS is_old
      FROM first WINDOW in_order AS (ORDER BY number))
    SELECT array_agg(number ORDER BY number) INTO numbers FROM counted WHERE is_old AND total <= max_entries;
    DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_seals WHERE block_number = ANY(numbers));
    DELETE FROM audit_seals WHERE block_number = ANY(numbers);
    DELETE FROM audit_blocks WHERE number = ANY(numbers);
    RETURN QUERY SELECT coalesce(cardinality(numbers), 0), numbers[cardinality(numbers)];
  END $$`;

export class AuditDeletion1764810000000 implements MigrationInterface {
  readonly name = 'AuditDeletion1764810000000';

  async up(runner: QueryRunner): Promise<void> {
    const [row] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(DELETE_OLDEST(row.schema));
    await runner.query('REVOKE ALL ON FUNCTION audit_delete_oldest(integer, integer) FROM PUBLIC');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION audit_delete_oldest(integer, integer)');
  }
}
