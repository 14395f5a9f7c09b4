import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { isOidcSubject, OIDC_PREFIX } from './oidc-claims.js';

const IDENTIFIER = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether it can be the id of a caller of the identity provider. */
export function isOidcClientId(id: string): boolean {
  return id.startsWith(OIDC_PREFIX) && isOidcSubject(id.slice(OIDC_PREFIX.length));
}

/** The id of a client, or of a caller of the identity provider: `oidc:` and its `sub`, of whatever characters. */
export function AnyClientIdField(): PropertyDecorator {
  const isOne = (value: unknown): boolean =>
    typeof value === 'string' && (IDENTIFIER.test(value) || isOidcClientId(value));
  return applyDecorators(
    ApiProperty({
      type: String,
      maxLength: 255,
      pattern: '^([A-Za-z0-9._-]{1,64}|oidc:[^\\u0000-\\u001f]{1,250})$',
      example: 'weather-team',
      description: 'Id of the client, or oidc: and the subject of a caller of the identity provider',
    }),
    ValidateBy({
      name: 'isAnyClientId',
      validator: {
        validate: isOne,
        defaultMessage: () =>
          'must be 1 to 64 letters, digits, dots, dashes and underscores, or oidc: and 1 to 250 characters',
      },
    }),
  );
}
