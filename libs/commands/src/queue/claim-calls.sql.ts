import { prepared } from '#database';
import { fairShare } from './fair-share.sql.js';

/** In one claim, besides the calls that wait longest: pairs of client and Skill, Skills per client, and calls per pair. */
const GROUPS = 256;
const SKILLS = 16;
const CALLS = 8;
const LAST_SKILL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Claims calls. Parameters: free places, milliseconds of the lease, the work in flight (`Busy`), and the client and Skill
 * after which to search. Candidates are the calls that wait longest, and a few of each client and Skill (a loose scan of
 * ix_executions_queue): a long queue of one client does not slow down the others.
 */
export const CLAIM_CALLS = prepared(
  'call-queue.claim',
  `WITH RECURSIVE groups AS (
     (SELECT client_id, skill_id, 1 AS place, 1 AS groups FROM executions
       WHERE status = 'pending' AND (client_id, skill_id) > ($4::text, $5::uuid) ORDER BY client_id, skill_id LIMIT 1)
     UNION ALL
     SELECT e.client_id, e.skill_id, CASE WHEN e.client_id = g.client_id THEN g.place + 1 ELSE 1 END, g.groups + 1
     FROM groups g CROSS JOIN LATERAL (
       SELECT n.client_id, n.skill_id FROM executions n WHERE n.status = 'pending' AND (n.client_id, n.skill_id) >
         (g.client_id, CASE WHEN g.place < ${SKILLS} THEN g.skill_id ELSE '${LAST_SKILL}'::uuid END)
       ORDER BY n.client_id, n.skill_id LIMIT 1) e
     WHERE g.groups < ${GROUPS}),
   candidates AS (
     (SELECT id, client_id, skill_id::text AS target, running_until AS due_at, true AS lapsed FROM executions
       WHERE status = 'running' AND mode = 'async' AND running_until < now() ORDER BY running_until LIMIT $1)
     UNION
     (SELECT id, client_id, skill_id::text, next_attempt_at, false FROM executions
       WHERE status = 'pending' AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $1)
     UNION
     SELECT e.id, e.client_id, e.skill_id::text, e.next_attempt_at, false FROM groups g CROSS JOIN LATERAL (
       SELECT n.id, n.client_id, n.skill_id, n.next_attempt_at FROM executions n
       WHERE n.status = 'pending' AND n.client_id = g.client_id AND n.skill_id = g.skill_id AND n.next_attempt_at <= now()
       ORDER BY n.next_attempt_at LIMIT ${CALLS}) e),
   ${fairShare('$1', '$3')},
   taken AS (SELECT e.id FROM executions e JOIN chosen USING (id)
     WHERE (e.status = 'pending' AND e.next_attempt_at <= now())
       OR (e.status = 'running' AND e.mode = 'async' AND e.running_until < now())
     FOR UPDATE OF e SKIP LOCKED),
   claimed AS (UPDATE executions e SET status = 'running', attempts = e.attempts + 1,
       started_at = COALESCE(e.started_at, now()), running_until = now() + $2 * interval '1 millisecond',
       next_attempt_at = NULL, updated_at = now()
     FROM taken WHERE e.id = taken.id RETURNING e.*)
   SELECT w.waiting, w.chosen, e.id, e.client_id, e.skill_id, e.command_id, e.capability_name, e.request::text AS request, e.attempts,
     e.attempts - e.releases AS counted_attempts, e.started_at, e.tries, e.try_list,
     EXTRACT(epoch FROM now() - e.created_at)::float8 * 1000 AS age, k.disabled AS client_disabled,
     k.spaces AS client_spaces
   FROM (SELECT (SELECT count(*)::int FROM candidates) AS waiting, (SELECT count(*)::int FROM chosen) AS chosen) w
   LEFT JOIN (claimed e LEFT JOIN clients k ON k.client_id = e.client_id) ON true`,
);
