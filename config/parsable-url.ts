import { ValidateBy } from 'class-validator';

/** A # or / in the password makes a URL invalid. Reports this at boot, before a driver fails. */
export function IsParsableUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isParsableUrl',
    validator: {
      validate: (value) => typeof value === 'string' && URL.canParse(value),
      defaultMessage: () =>
        'must be a URL: percent-encode special characters of the user name and the password (# is %23)',
    },
  });
}
