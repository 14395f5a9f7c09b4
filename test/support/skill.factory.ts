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

/** A body of `POST /skills/` that says all that can be said of a Skill, but for secrets. */
export function describedSkill(overrides: Partial<RegisterSkillBody> = {}): object {
  return {
    ...skillBody({ description: '天气 \' " \\ \u2028', ...overrides }),
    tags: ['b', 'a'],
    deprecated: { message: 'old', replaced_by: 'alone@^1' },
    capabilities: [
      {
        name: 'forecast',
        capability_id: 'forecast 1',
        input_schema: { type: 'object', properties: { day: { type: 'integer', maximum: 7 } }, required: ['day'] },
        output_schema: { type: 'array', items: {} },
        examples: ['What is the weather?', '天气怎么样'],
      },
      { name: 'ruled', parameters: { unit: { type: 'string', required: false, enum: ['C', 'F'], nullable: true } } },
    ],
    endpoints: [
      {
        url: 'https://10.0.0.3:8443/base',
        health: 'healthy',
        parameters: {
          health_status: '200,401-403',
          health_interval: 60,
          health_body: 'ok',
          'query.key': 'k',
          big: true,
        },
      },
    ],
  };
}
