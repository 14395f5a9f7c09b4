import type { RegisterSkillBody } from '../../libs/skills/src/model/skill.dto.js';

let number = 0;

/** A valid Skill with a name of its own, which begins like no other: `q` looks for beginnings of words. */
export function skillBody(overrides: Partial<RegisterSkillBody> = {}): RegisterSkillBody {
  number += 1;
  return {
    name: `weather-skill-p${process.pid}n${String(number).padStart(6, '0')}`,
    description: 'Weather forecast skill',
    version: '1.0.0',
    endpoints: [{ url: `http://localhost:8001/${number}`, protocol: 'http', weight: 1 }],
    capabilities: [
      {
        name: 'forecast',
        description: 'Forecast for a city',
        category: 'weather',
        version: '1.0.0',
        parameters: { city: { type: 'string', required: true, description: 'Name of the city' } },
      },
    ],
    metadata: { region: 'eu' },
    ...overrides,
  };
}
