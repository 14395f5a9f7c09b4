import { performance } from 'node:perf_hooks';

/** Skills in one request: the maximum. */
export const BATCH = 1000;
/** Requests at the same time. */
const LANES = 3;
export const CAPABILITIES = 1000;
export const CATEGORIES = 50;
const REGIONS = ['eu', 'us', 'asia', 'africa', 'oceania'];

/** A typical Skill: one endpoint, two capabilities, one metadata value. `number` makes it different from others. */
export function skillBody(number, prefix = 'skill') {
  const capability = (shift) => ({
    name: `capability-${(number * 7 + shift) % CAPABILITIES}`,
    description: 'Does what its name says, for all callers.',
    category: `category-${(number + shift) % CATEGORIES}`,
    parameters: { city: { type: 'string', required: true, description: 'Name of the city' } },
  });
  return {
    name: `${prefix}-${number}`,
    description: 'A Skill of the benchmark',
    version: `1.${number % 10}.0`,
    endpoints: [{ url: urlOf(number, prefix), protocol: 'http', weight: 1 }],
    capabilities: [capability(0), capability(1)],
    metadata: { region: REGIONS[number % REGIONS.length] },
  };
}

export function urlOf(number, prefix = 'skill') {
  return `http://${prefix}-${number}.example:8001`;
}

/** Registers `count` Skills in batches. Returns their ids in order, and the Skills a second of each part. */
export async function seed(site, count, stretches) {
  const ids = Array.from({ length: count });
  const rates = [];
  const size = Math.ceil(count / stretches);
  for (let from = 0; from < count; from += size) {
    const until = Math.min(count, from + size);
    const began = performance.now();
    let next = from;
    const lane = async () => {
      while (next < until) {
        const first = next;
        next = Math.min(until, first + BATCH);
        await registerBatch(site, ids, first, next);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    rates.push((1000 * (until - from)) / (performance.now() - began));
  }
  // Autovacuum would do this within a minute, during a row.
  await site.query('VACUUM ANALYZE');
  return { ids, rates };
}

async function registerBatch(site, ids, from, until) {
  const skills = Array.from({ length: until - from }, (_, index) => skillBody(from + index));
  const { results } = await site.post('skills/batch', { skills });
  for (const { index, skill_id, status } of results) {
    if (status === 'failed') throw new Error(`Skill ${from + index} was not registered`);
    ids[from + index] = skill_id;
  }
}
