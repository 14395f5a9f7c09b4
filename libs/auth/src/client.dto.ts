import { ApiProperty } from '@nestjs/swagger';
import { EnumField, TextField } from '#common';
import { ValidateBy } from 'class-validator';
import { type Role, ROLES } from './roles.js';

const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** protocol.md section 11. */
export class CreateClientBody {
  @TextField({
    max: 64,
    required: false,
    example: 'weather-team',
    description: 'Letters, digits, dots, dashes and underscores; made up when absent',
  })
  @ValidateBy({
    name: 'clientId',
    validator: {
      validate: (value) => value === undefined || (typeof value === 'string' && CLIENT_ID.test(value)),
      defaultMessage: () => 'must be letters, digits, dots, dashes and underscores',
    },
  })
  client_id?: string;

  @TextField({ max: 255, example: 'Weather team' })
  name: string;

  @EnumField(ROLES, { name: 'Role', example: 'publisher' })
  role: Role;
}

export class ClientResponse {
  @ApiProperty({ example: 'weather-team' })
  client_id: string;

  @ApiProperty({ example: 'Weather team' })
  name: string;

  @ApiProperty({ enum: [...ROLES], enumName: 'Role', example: 'publisher' })
  role: Role;

  @ApiProperty()
  disabled: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ClientCreatedResponse {
  @ApiProperty({ example: 'weather-team' })
  client_id: string;

  @ApiProperty({ description: 'Shown this once; only a hash is kept' })
  client_secret: string;

  @ApiProperty({ example: 'Weather team' })
  name: string;

  @ApiProperty({ enum: [...ROLES], enumName: 'Role', example: 'publisher' })
  role: Role;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}
