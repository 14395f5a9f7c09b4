import fc from 'fast-check';
import { HEALTHS } from '#skills';
import { type Aged, type Call, LeaseModel } from '../../../../test/support/lease-model.js';
import { ALL, LEASE_STORES, type LeaseStores, startLeaseStores, TERMS } from '../../../../test/support/lease-stores.js';
import type { LeaseRef, LeaseStore, RenewOutcome } from './lease-store.js';

// Few names, so that calls meet. An endpoint keeps its url; two endpoints may have the same, one after the other.
const skillId = fc.constantFrom('skill-1', 'skill-2');
const owner = fc.constantFrom('a', 'b');
const health = fc.constantFrom(...HEALTHS);
const generation = fc.integer({ min: 1, max: 3 });
const url = fc.constantFrom('http://a/1', 'http://a/2', 'http://a/3');

const endpoint = fc.record({ url, isTwin: fc.boolean(), generation, reported: health, live: fc.boolean() });
const skill = fc
  .record({ skillId, owner, endpoints: fc.uniqueArray(endpoint, { selector: (one) => one.url, maxLength: 3 }) })
  .map(({ endpoints, ...rest }) => ({
    ...rest,
    endpoints: endpoints.map(({ isTwin, ...one }) => ({
      ...one,
      endpointId: `${rest.skillId} ${one.url.slice(-1)}${isTwin ? ' twin' : ''}`,
    })),
  }));
const beat = fc.record({ skillId, health, url, generation, boundTo: owner }, { requiredKeys: ['skillId', 'health'] });
const ago = fc.integer({ min: 0, max: 5 });
const which = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });

const named = <M extends Call['method']>(...methods: M[]) => fc.constantFrom(...methods);
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ method: named('open'), skills: fc.array(skill, { maxLength: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ method: named('renew'), beats: fc.array(beat, { maxLength: 4 }) }) },
  { weight: 5, arbitrary: fc.record({ method: named('claimExpired', 'listEnding'), ago }) },
  { weight: 4, arbitrary: fc.record({ method: named('settle', 'extend'), which }) },
  fc.record({ method: named('census'), ago }),
  fc.record({ method: named('remaining'), skillId }),
  { weight: 2, arbitrary: fc.record({ method: named('release'), which }, { requiredKeys: ['method'] }) },
  fc.record({ method: named('forget'), skillIds: fc.array(skillId, { maxLength: 1 }) }),
);

/** Calls a store in turns: what is renewed in one is older than what is renewed in the next. */
class Player {
  /** When each turn ended, by the clock of the store. */
  private readonly ends: number[] = [];
  private found: LeaseRef[] = [];

  constructor(private readonly store: LeaseStore) {}

  async answer(made: Call): Promise<unknown> {
    const answer = await this.call(made);
    const { now } = await this.store.state();
    this.ends.push(now);
    while ((await this.store.state()).now <= now);
    return answer;
  }

  private async call(made: Call): Promise<unknown> {
    const { store } = this;
    switch (made.method) {
      case 'open':
        return store.open(made.skills);
      case 'renew':
        return (await store.renew(made.beats)).map(plain);
      case 'forget':
        return store.forget(made.skillIds);
      case 'remaining':
        return [...(await store.remaining(made.skillId)).keys()].toSorted();
      case 'census':
        return store.census(this.endOf(made.ago) + TERMS.ttl - TERMS.interval);
      case 'claimExpired':
        return this.inOrder(await store.claimExpired(this.endOf(made.ago) + TERMS.warnAfter, ALL)).map((lease) =>
          this.aged(lease),
        );
      case 'listEnding':
        this.found = this.inOrder(await store.listEnding(this.endOf(made.ago) + TERMS.ttl, ALL));
        return this.found.map((lease) => this.aged(lease));
      case 'release':
        return store.release(made.which && this.chosen(made.which));
      case 'settle':
      case 'extend':
        return store[made.method](this.chosen(made.which));
    }
  }

  private chosen(which: readonly boolean[]): LeaseRef[] {
    return this.found.filter((_, index) => which[index]);
  }

  private endOf(turnsAgo: number): number {
    return this.ends.at(-1 - turnsAgo) ?? 0;
  }

  private aged({ endpointId, renewedAt }: LeaseRef): Aged {
    return [endpointId, this.ends.findIndex((end) => renewedAt <= end)];
  }

  /** Longest silent first, as they come; those of one turn, which may come in any order, by name. */
  private inOrder(leases: readonly LeaseRef[]): LeaseRef[] {
    const times = leases.map(({ renewedAt }) => renewedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const turnOf = (lease: LeaseRef) => this.aged(lease)[1];
    return leases.toSorted((a, b) => turnOf(a) - turnOf(b) || (a.endpointId < b.endpointId ? -1 : 1));
  }
}

function plain(outcome: RenewOutcome): unknown {
  if (outcome.status !== 'renewed') return outcome.status;
  const endpoints = outcome.endpoints.map(({ endpointId, wasLate, reportedBefore }) => [
    endpointId,
    wasLate,
    reportedBefore,
  ]);
  return [outcome.generation, ...endpoints.toSorted()];
}

describe('lease-store.model', () => {
  let stores: LeaseStores;
  beforeAll(async () => {
    stores = await startLeaseStores();
  }, 300_000);
  afterAll(() => stores.close());

  it.each(LEASE_STORES)('is what the store in %s does, whatever is called in whatever order', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 20 }), async (calls) => {
        const model = new LeaseModel();
        const player = new Player(stores.open(kind));
        for (const [turn, made] of calls.entries()) {
          expect([turn, await player.answer(made)]).toEqual([turn, model.answer(made, turn)]);
        }
      }),
      { seed: 20_261_124, numRuns: 200 },
    );
  });
});
