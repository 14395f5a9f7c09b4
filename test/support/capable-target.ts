import type { CapableTarget } from '../../libs/commands/src/targets/target.js';

/** A Skill that a call may go to. */
export const TARGET: CapableTarget = {
  skillId: 'skill-1',
  externalId: null,
  skillName: 'weather',
  skillVersion: '1.0.0',
  skillStatus: 'active',
  owner: 'me',
  spaceId: null,
  deprecation: null,
  capability: {
    capabilityId: 'cap-1',
    externalId: null,
    name: 'forecast',
    version: '1.0.0',
    status: 'enabled',
    parameters: [],
    inputSchema: null,
    outputSchema: null,
  },
  endpoints: [],
};
