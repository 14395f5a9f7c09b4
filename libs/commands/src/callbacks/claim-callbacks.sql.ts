import { prepared } from '#database';
import { OUTCOME_COLUMNS, SHOWN_IDS, STATUS_COLUMN } from '../executions/execution-record.js';
import { fairShare } from '../queue/fair-share.sql.js';

/** Receivers in one claim, besides the callbacks that wait longest, and callbacks of each receiver. */
const RECEIVERS = 256;
const CALLBACKS = 8;

/** Host and port of a callback: the expression of ix_callbacks_receiver. */
const receiverSql = (callback: string): string => `lower(substring(${callback}.url from '^[^:]+://([^/?#]*)'))`;

/**
 * Claims callbacks. Parameters: free places, milliseconds of the lease, the work in flight (`Busy`), and the receiver after
 * which to search. Candidates are the callbacks that wait longest, and a few of each receiver.
 */
export const CLAIM_CALLBACKS = prepared(
  'callbacks.claim',
  `WITH RECURSIVE receivers AS (
     (SELECT ${receiverSql('c')} AS receiver, 1 AS place FROM callbacks c
       WHERE c.status = 'pending' AND ${receiverSql('c')} > $4::text ORDER BY ${receiverSql('c')} LIMIT 1)
     UNION ALL
     SELECT n.receiver, r.place + 1 FROM receivers r CROSS JOIN LATERAL (
       SELECT ${receiverSql('c')} AS receiver FROM callbacks c
       WHERE c.status = 'pending' AND ${receiverSql('c')} > r.receiver ORDER BY ${receiverSql('c')} LIMIT 1) n
     WHERE r.place < ${RECEIVERS}),
   due AS (
     (SELECT c.execution_id, ${receiverSql('c')} AS receiver, c.next_attempt_at FROM callbacks c
       WHERE c.status = 'pending' AND c.next_attempt_at <= now() ORDER BY c.next_attempt_at LIMIT $1)
     UNION
     SELECT d.* FROM receivers r CROSS JOIN LATERAL (
       SELECT c.execution_id, r.receiver, c.next_attempt_at FROM callbacks c
       WHERE c.status = 'pending' AND ${receiverSql('c')} = r.receiver AND c.next_attempt_at <= now()
       ORDER BY c.next_attempt_at LIMIT ${CALLBACKS}) d),
   candidates AS (SELECT d.execution_id AS id, e.client_id, d.receiver AS target, d.next_attempt_at AS due_at,
       false AS lapsed
     FROM due d JOIN executions e ON e.id = d.execution_id),
   ${fairShare('$1', '$3')},
   taken AS (SELECT c.execution_id FROM callbacks c JOIN chosen ON chosen.id = c.execution_id
     WHERE c.status = 'pending' AND c.next_attempt_at <= now() FOR UPDATE OF c SKIP LOCKED),
   claimed AS (UPDATE callbacks c SET attempts = c.attempts + 1,
       next_attempt_at = now() + $2 * interval '1 millisecond', updated_at = now()
     FROM taken WHERE c.execution_id = taken.execution_id
     RETURNING c.execution_id, c.url, c.attempts, c.failures, ${receiverSql('c')} AS receiver)
   SELECT w.waiting, w.chosen, e.id, e.client_id, c.url, c.receiver, c.attempts, c.failures, e.command_id, ${SHOWN_IDS},
     ${STATUS_COLUMN}, ${OUTCOME_COLUMNS}, e.started_at, e.completed_at, e.trace_id
   FROM (SELECT (SELECT count(*)::int FROM candidates) AS waiting, (SELECT count(*)::int FROM chosen) AS chosen) w
   LEFT JOIN (claimed c JOIN executions e ON e.id = c.execution_id) ON true`,
);
