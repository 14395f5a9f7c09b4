import { CITIES, cityOf, weatherOf } from './weather.js';

/** One parameter. The registry checks the type before it sends a call. */
interface ParameterDeclaration {
  type: 'string' | 'number' | 'boolean' | 'object' | 'array';
  required?: boolean;
  default?: unknown;
  description: string;
}

export interface ParameterFault {
  field: string;
  reason: string;
}

/** The parameters of a call are not valid. */
export class ParameterError extends Error {
  constructor(readonly faults: readonly ParameterFault[]) {
    super('The parameters are not valid');
  }
}

export interface Capability {
  name: string;
  description: string;
  category: string;
  parameters: Record<string, ParameterDeclaration>;
  /** @throws ParameterError */
  run: (parameters: Record<string, unknown>) => unknown;
}

const MAX_DAYS = 14;
const CITY: ParameterDeclaration = { type: 'string', required: true, description: `One of ${CITIES.join(', ')}` };

/** What this Skill can do. Each capability checks its parameters, because callers can bypass the registry. */
export const CAPABILITIES: readonly Capability[] = [
  {
    name: 'weather.current',
    description: 'The weather in a city',
    category: 'weather',
    parameters: { city: CITY },
    run: (parameters) => {
      const city = readCity(parameters);
      return { city, ...weatherOf(city, 0) };
    },
  },
  {
    name: 'weather.forecast',
    description: 'The weather in a city on the next days',
    category: 'weather',
    parameters: { city: CITY, days: { type: 'number', default: 3, description: `1 to ${MAX_DAYS}` } },
    run: (parameters) => {
      const city = readCity(parameters);
      const days = readDays(parameters);
      return {
        city,
        days: Array.from({ length: days }, (_, index) => ({ day: index + 1, ...weatherOf(city, index + 1) })),
      };
    },
  },
];

function readCity({ city }: Record<string, unknown>): string {
  if (typeof city !== 'string') throw new ParameterError([{ field: 'city', reason: 'must be a string' }]);
  const known = cityOf(city);
  if (known === undefined) throw new ParameterError([{ field: 'city', reason: `must be one of ${CITIES.join(', ')}` }]);
  return known;
}

function readDays({ days = 3 }: Record<string, unknown>): number {
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new ParameterError([{ field: 'days', reason: `must be a whole number from 1 to ${MAX_DAYS}` }]);
  }
  return days;
}
