import { ApiProperty } from '@nestjs/swagger';

/** The id of a Skill in an answer. */
export function SkillIdProperty(required = true): PropertyDecorator {
  return ApiProperty({
    required,
    example: 'weather-skill-001',
    description: 'The id that its owner chose at registration; otherwise its UUID',
  });
}

/** The id of a capability in an answer. */
export function CapabilityIdProperty(): PropertyDecorator {
  return ApiProperty({
    example: 'forecast-1',
    description: 'The id that the owner of the Skill chose; otherwise its UUID',
  });
}

/** The UUID of a Skill, beside its id. */
export function SkillUuidProperty(required = true): PropertyDecorator {
  return uuidProperty('0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10', required);
}

/** The UUID of a capability, beside its id. */
export function CapabilityUuidProperty(): PropertyDecorator {
  return uuidProperty('0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e12', true);
}

function uuidProperty(example: string, required: boolean): PropertyDecorator {
  return ApiProperty({ format: 'uuid', required, example, description: 'The UUID; every call takes either id' });
}
