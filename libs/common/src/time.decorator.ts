import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';

const DATE_TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d\d))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/i;

/** A date and time with its offset, as RFC 3339 section 5.6 profiles ISO 8601; PostgreSQL reads it as it is. */
export function TimeField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { example: '2026-01-18T00:00:00Z', ...options },
    { type: String, format: 'date-time' },
    ValidateBy({
      name: 'dateTime',
      validator: {
        validate: isDateTime,
        defaultMessage: () => 'must be a date and time with its offset (ISO 8601), such as 2026-01-18T00:00:00Z',
      },
    }),
  );
}

/** A time in the future, by the clock of this process. */
export function FutureTimeField(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    TimeField(options),
    ValidateBy({
      name: 'inTheFuture',
      validator: {
        // An invalid time has its own fault.
        validate: (value) => !isDateTime(value) || !(Date.parse(String(value)) <= Date.now()),
        defaultMessage: () => 'must be in the future',
      },
    }),
  );
}

export function isDateTime(value: unknown): boolean {
  const [, date, day] = (typeof value === 'string' ? DATE_TIME.exec(value) : null) ?? [];
  if (date === undefined || date.startsWith('0000')) return false;
  // A day that its month does not have moves to the next month.
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.getUTCDate() === Number(day);
}
