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

/** The UUID beside an id that may be another text. */
export function UuidProperty(example: string, required = true): PropertyDecorator {
  return ApiProperty({ format: 'uuid', required, example, description: 'The UUID; every call takes either id' });
}
