import type { LocalSkill } from '../../libs/registry-heartbeat/src/membership/local-skills.repository.js';
import type { OwnSkills } from '../../libs/registry-heartbeat/src/membership/member.js';

let number = 0;

/** A Skill as the membership reads it, with a name of its own. */
export function localSkill(overrides: Partial<LocalSkill> = {}): LocalSkill {
  number += 1;
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    stamp: '1.1',
    name: `skill-${number}`,
    version: '1.0.0',
    description: 'A Skill',
    endpoints: [{ url: `http://localhost:9000/${number}`, health: 'healthy', weight: 1, parameters: {} }],
    capabilities: [],
    metadata: {},
    tags: [],
    deprecation: null,
    ...overrides,
  };
}

/** Skills in memory, in the order of their ids. */
export function localSkills(skills: readonly LocalSkill[], registeredHere: string[] = []): OwnSkills {
  const sorted = (): LocalSkill[] => [...skills].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    page: (after, limit) =>
      Promise.resolve(
        sorted()
          .filter(({ id }) => id > after)
          .slice(0, limit),
      ),
    find: (ids) => Promise.resolve(sorted().filter(({ id }) => ids.includes(id))),
    holdsRegistration: (skillId) => Promise.resolve(registeredHere.includes(skillId)),
  };
}
