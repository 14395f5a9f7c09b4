import { ValidateBy } from 'class-validator';

/** A password with a # or a / in it makes the best-looking URL unreadable: better told at boot than by a driver. */
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
