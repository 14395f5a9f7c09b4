import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, EnumField, IdentifierField, IdentifierListField, IntegerField, NameField } from '#common';
import { AnyClientIdField } from '../oidc/oidc-client-id.decorator.js';
import { type Role, ROLES } from '../roles.js';

const MAX_SPACES = 100;
/** A week. */
const MAX_OVERLAP_S = 7 * 86_400;

/** protocol.md section 11. */
export class CreateClientBody {
  @IdentifierField({
    required: false,
    example: 'weather-team',
    description: 'Letters, digits, dots, dashes and underscores. Generated if absent',
  })
  client_id?: string;

  @NameField({ max: 255, example: 'Weather team' })
  name: string;

  @EnumField(ROLES, { name: 'Role', example: 'publisher' })
  role: Role;

  @IdentifierListField({
    max: MAX_SPACES,
    required: false,
    example: ['building-7'],
    description: 'The Spaces that the client is limited to. All if absent',
  })
  spaces?: string[];
}

/** Absent fields keep their values. */
export class PatchClientBody {
  @NameField({ max: 255, required: false, example: 'Weather team' })
  name?: string;

  @EnumField(ROLES, { name: 'Role', required: false, example: 'publisher' })
  role?: Role;

  @IdentifierListField({
    max: MAX_SPACES,
    required: false,
    nullable: true,
    example: ['building-7'],
    description: 'null: all Spaces, and Skills in no Space',
  })
  spaces?: string[] | null;

  @BooleanField({ required: false, description: 'true: all its tokens and keys become invalid' })
  disabled?: boolean;
}

/** How long both are valid, the former secret or key and the new one. */
export function OverlapField(description: string): PropertyDecorator {
  return IntegerField({ min: 0, max: MAX_OVERLAP_S, default: 0, required: false, description });
}

export class RotateSecretBody {
  @OverlapField(
    'Seconds for which the current secret stays valid. With 0 it ends at once, with all tokens and sessions',
  )
  overlap?: number;
}

export class ClientIdParam {
  @IdentifierField({ example: 'weather-team', description: 'Id of the client' })
  client_id: string;
}

/** Also of a caller of the identity provider. */
export class AnyClientIdParam {
  @AnyClientIdField()
  client_id: string;
}

export class ClientResponse {
  @ApiProperty({ example: 'weather-team' })
  client_id: string;

  @ApiProperty({ example: 'Weather team' })
  name: string;

  @ApiProperty({
    enum: [...ROLES],
    enumName: 'Role',
    nullable: true,
    example: 'publisher',
    description: 'null for callers of the identity provider: their tokens have the role',
  })
  role: Role | null;

  @ApiProperty({
    type: String,
    isArray: true,
    nullable: true,
    example: ['building-7'],
    description: 'The Spaces that the client is limited to; null: all',
  })
  spaces: string[] | null;

  @ApiProperty()
  disabled: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ClientSecretResponse {
  @ApiProperty({ description: 'Shown only once; the service stores a hash' })
  client_secret: string;
}

export class ClientCreatedResponse extends ClientSecretResponse {
  @ApiProperty({ example: 'weather-team' })
  client_id: string;

  @ApiProperty({ example: 'Weather team' })
  name: string;

  @ApiProperty({ enum: [...ROLES], enumName: 'Role', example: 'publisher' })
  role: Role;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}
