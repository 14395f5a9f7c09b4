/** Work in flight on this replica, by client and target (a Skill or a receiver). */
export interface Busy {
  client_id: string;
  target: string;
  running: number;
}

/** Counts the work in flight. */
export function countBusy<T>(working: Iterable<T>, keyOf: (item: T) => Omit<Busy, 'running'>): Busy[] {
  const busy = new Map<string, Busy>();
  for (const item of working) {
    const key = keyOf(item);
    const name = JSON.stringify([key.client_id, key.target]);
    const known = busy.get(name);
    if (known) known.running += 1;
    else busy.set(name, { ...key, running: 1 });
  }
  return [...busy.values()];
}

/** Multiples of the free places that one client, and one target, may use. A client at one target: once the free places. */
const OF_CLIENT = 2;
const OF_TARGET = 3;

/**
 * Common table expressions that choose rows of `candidates` (id, client_id, target, due_at, lapsed) for `limit` free places.
 * `busy`: a JSON list of `Busy`. The rule is dynamic thresholds (Choudhury and Hahne, 1998): a client may hold as many places
 * at one target as are free, twice as many at all targets, and all clients three times as many at one target. So a client that
 * calls one Skill gets half of the places, and others find room even if that Skill hangs. The client with the least work in
 * flight comes first; then due and lapsed rows take turns; then the row that waits longest comes first.
 */
export function fairShare(limit: string, busy: string): string {
  const turn = (of: string, by: string): string => `row_number() OVER (PARTITION BY ${of} ORDER BY ${by}, due_at)`;
  const share = (running: string, rank: string, times: number): string =>
    `(COALESCE(${running}, 0) + ${rank} + ${times - 1}) / ${times}`;
  return `busy AS (SELECT * FROM jsonb_to_recordset(${busy}::jsonb) AS b(client_id text, target text, running integer)),
    turns AS (SELECT *, row_number() OVER (PARTITION BY client_id, target, lapsed ORDER BY due_at) AS turn FROM candidates),
    pairs AS (SELECT *, ${turn('client_id, target', 'turn')} AS of_pair FROM turns),
    sides AS (SELECT *, ${turn('client_id, lapsed', 'of_pair')} AS client_turn, ${turn('target, lapsed', 'of_pair')} AS target_turn
      FROM pairs),
    ranks AS (SELECT *, ${turn('client_id', 'client_turn')} AS of_client, ${turn('target', 'target_turn')} AS of_target
      FROM sides),
    places AS (SELECT r.id, r.due_at, r.lapsed, GREATEST(${share('b.running', 'of_pair', 1)},
        ${share('c.running', 'of_client', OF_CLIENT)}, ${share('t.running', 'of_target', OF_TARGET)}) AS place
      FROM ranks r LEFT JOIN busy b USING (client_id, target)
      LEFT JOIN (SELECT client_id, sum(running) AS running FROM busy GROUP BY client_id) c USING (client_id)
      LEFT JOIN (SELECT target, sum(running) AS running FROM busy GROUP BY target) t USING (target)),
    ordered AS (SELECT *, ${turn('lapsed', 'place')} AS kind_turn FROM places),
    chosen AS (SELECT id FROM (SELECT id, place, row_number() OVER (ORDER BY place, kind_turn, due_at) AS n FROM ordered) o
      WHERE place + n - 1 <= ${limit})`;
}
