import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { CheckedBy, type FieldOptions } from '#common';
import { IsDefined, ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { endpointUrlFault, readScheme, URL_MAX } from './endpoint-url.js';

export function EndpointUrlField({
  required = true,
  description = 'Address of the endpoint',
}: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ example: 'http://localhost:8001', format: 'uri', maxLength: URL_MAX, description, required }),
    required ? IsDefined({ message: 'is required' }) : ValidateIf((_, value) => value !== undefined),
    CheckedBy('endpointUrl', endpointUrlFault),
  );
}

/** Refuses a protocol that the URL of the same endpoint contradicts. */
export function AgreesWithUrl(): PropertyDecorator {
  const agrees = (value: unknown, args?: ValidationArguments): boolean => {
    const url = (args?.object as { url?: unknown } | undefined)?.url;
    return typeof url !== 'string' || endpointUrlFault(url) !== undefined || readScheme(url) === value;
  };
  return ValidateBy({
    name: 'agreesWithUrl',
    validator: { validate: agrees, defaultMessage: () => 'must agree with the scheme of the url' },
  });
}

/**
 * Refuses a list in which two items have the same value of a key, or with `same` values for which it returns the same. Items
 * without it do not count.
 */
export function UniqueBy(key: string, same = (value: string): string => value): PropertyDecorator {
  return ValidateBy({
    name: `uniqueBy ${key}`,
    validator: {
      validate: (value) => {
        if (!Array.isArray(value) || value.length < 2) return true;
        const keys = value.flatMap((item) => (item as Record<string, unknown> | null)?.[key] ?? []);
        return new Set(keys.map((found) => (typeof found === 'string' ? same(found) : found))).size === keys.length;
      },
      defaultMessage: () => `must not repeat a ${key}`,
    },
  });
}
