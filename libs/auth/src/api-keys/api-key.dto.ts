import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, EnumListField, FutureTimeField, IdentifierField, NameField, UuidField } from '#common';
import { OverlapField } from '../clients/client.dto.js';
import { type Permission, PERMISSIONS } from '../roles.js';

const KEY_ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e20';
const TIME = '2027-01-18T00:00:00.000Z';

/** POST /auth/clients/{client_id}/api-keys */
export class CreateApiKeyBody {
  @NameField({ max: 255, example: 'nightly build' })
  name: string;

  @EnumListField(PERMISSIONS, {
    name: 'Permission',
    required: false,
    example: ['skill:read'],
    description: "Permissions of the key, within those of the client's role. If absent, all permissions of the client",
  })
  scopes?: Permission[];

  @FutureTimeField({
    required: false,
    example: TIME,
    description: 'A time in the future. If absent, the key is valid until it is deleted',
  })
  expires_at?: string;
}

/** Absent fields keep their values. */
export class PatchApiKeyBody {
  @NameField({ max: 255, required: false, example: 'nightly build' })
  name?: string;

  @BooleanField({ required: false, description: 'true: the key is not valid until it is enabled again' })
  disabled?: boolean;
}

export class RotateApiKeyBody {
  @OverlapField('Seconds for which the current key stays valid, if it does not expire earlier. With 0 it is deleted')
  overlap?: number;
}

export class ApiKeyParam {
  @IdentifierField({ example: 'weather-team', description: 'Id of the client' })
  client_id: string;

  @UuidField({ description: 'Id of the key' })
  key_id: string;
}

class ApiKeyProperties {
  @ApiProperty({ format: 'uuid', example: KEY_ID })
  key_id: string;

  @ApiProperty({ example: 'osk_Xq3vT9aB', description: 'First characters of the key, to identify it' })
  prefix: string;

  @ApiProperty({
    enum: [...PERMISSIONS],
    enumName: 'Permission',
    isArray: true,
    nullable: true,
    example: ['skill:read'],
    description: 'Permissions of the key; null: all permissions of its client',
  })
  scopes: Permission[] | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: TIME })
  expires_at: string | null;
}

export class ApiKeyCreatedResponse extends ApiKeyProperties {
  @ApiProperty({ description: 'For the header X-API-Key. Shown only once; the service stores a hash' })
  api_key: string;
}

export class ApiKeyResponse extends ApiKeyProperties {
  @ApiProperty({ example: 'nightly build' })
  name: string;

  @ApiProperty({ description: 'Whether the key is disabled. The keys of a disabled client are not valid either' })
  disabled: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When another key replaced it; it is valid until expires_at',
    example: null,
  })
  rotated_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute', example: TIME })
  last_used_at: string | null;

  @ApiProperty({ format: 'date-time', example: TIME })
  created_at: string;
}
