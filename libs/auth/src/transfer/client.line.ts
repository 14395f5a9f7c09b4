import { OmitType } from '@nestjs/swagger';
import { BooleanField, EnumListField, IdentifierField, ListField, TextField, TimeField } from '#common';
import { CreateClientBody } from '../clients/client.dto.js';
import { type Permission, PERMISSIONS } from '../roles.js';

const MAX_KEYS = 10_000;

/** An API key without the key itself: an admin must make it again. */
export class ApiKeyLine {
  @TextField({ max: 255 })
  name: string;

  @EnumListField(PERMISSIONS, { name: 'Permission', required: false })
  scopes?: Permission[];

  @TimeField({ required: false })
  expires_at?: string;

  @BooleanField({ required: false })
  disabled?: boolean;
}

/** A client in an export: as it is made, by the same rules, without its secrets (docs/adr/0023). */
export class ClientLine extends OmitType(CreateClientBody, ['client_id'] as const) {
  @IdentifierField()
  client_id: string;

  @BooleanField({ required: false })
  disabled?: boolean;

  @TimeField()
  created_at: string;

  @ListField(() => ApiKeyLine, { max: MAX_KEYS, required: false })
  api_keys?: ApiKeyLine[];
}
