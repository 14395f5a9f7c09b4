import type { TargetEndpoint } from '../targets/target.js';
import { MAX_TRIES_KEPT, NO_TRIES, TryLog } from './try-log.js';

const endpoint = (n: number) => ({ endpointId: `id-${n}`, url: `http://skill-${n}` }) as TargetEndpoint;

describe('TryLog', () => {
  it('goes on from earlier tries, and keeps the newest', () => {
    const first = new TryLog();
    expect([first.record(), first.isUnrecorded()]).toEqual([NO_TRIES, false]);
    for (let n = 0; n < MAX_TRIES_KEPT; n += 1) first.start(endpoint(n))('timeout');
    const earlier = { tries: first.started, try_list: first.record().try_list };
    const log = new TryLog(earlier);
    expect(log.record()).toEqual(NO_TRIES);
    const end = log.start(endpoint(99));
    expect([log.started, log.isUnrecorded(), log.isUnrecorded(60_000)]).toEqual([1, true, false]);
    const { try_list, ...record } = log.record();
    expect(record).toEqual({ endpoint_id: 'id-99', endpoint_url: 'http://skill-99', tries: MAX_TRIES_KEPT + 1 });
    expect([try_list?.length, try_list?.[0]?.endpoint]).toEqual([MAX_TRIES_KEPT, 'http://skill-1']);
    expect([try_list?.at(-1)?.outcome, log.isUnrecorded()]).toEqual([null, false]);
    log.start(endpoint(100));
    expect(log.record().endpoint_id).toBe('id-100');
    end('answered');
    end('cancelled');
    expect(log.record().endpoint_id).toBe('id-99');
    expect(log.record().try_list?.at(-2)).toMatchObject({ outcome: 'answered', ended_at: expect.any(String) });
  });
});
