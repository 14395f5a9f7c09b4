/** Mean temperature of a city and the deviation from it, in degrees Celsius. */
interface Climate {
  mean: number;
  swing: number;
  /** Percent. */
  humidity: number;
}

const CLIMATES = new Map<string, Climate>([
  ['Beijing', { mean: 13, swing: 9, humidity: 48 }],
  ['Berlin', { mean: 10, swing: 6, humidity: 68 }],
  ['Cairo', { mean: 22, swing: 7, humidity: 42 }],
  ['Hangzhou', { mean: 17, swing: 7, humidity: 72 }],
  ['London', { mean: 11, swing: 4, humidity: 75 }],
  ['Nairobi', { mean: 19, swing: 3, humidity: 60 }],
  ['New York', { mean: 13, swing: 8, humidity: 63 }],
  ['Shanghai', { mean: 17, swing: 7, humidity: 74 }],
  ['Singapore', { mean: 28, swing: 2, humidity: 82 }],
  ['Sydney', { mean: 18, swing: 5, humidity: 65 }],
]);
const CONDITIONS = ['sunny', 'partly cloudy', 'cloudy', 'rain'] as const;
/** Days until the formula repeats itself. */
const PERIOD = 9;

export interface Weather {
  /** Degrees Celsius. */
  temperature: number;
  /** Percent. */
  humidity: number;
  condition: (typeof CONDITIONS)[number];
}

export const CITIES: readonly string[] = [...CLIMATES.keys()];

/** Finds a city by its name, in upper or lower case. */
export function cityOf(name: string): string | undefined {
  const wanted = name.trim().toLowerCase();
  return CITIES.find((city) => city.toLowerCase() === wanted);
}

/**
 * The weather of a city on a day (0 is today). It is a formula, so the same call always gets the same answer.
 * @throws RangeError for a city that is not in the table.
 */
export function weatherOf(city: string, day: number): Weather {
  const climate = CLIMATES.get(city);
  if (!climate) throw new RangeError(`no climate of ${city}`);
  const phase = (CITIES.indexOf(city) + day) % PERIOD;
  const wave = Math.sin((2 * Math.PI * phase) / PERIOD);
  return {
    temperature: Math.round((climate.mean + climate.swing * wave) * 10) / 10,
    humidity: Math.round(Math.min(100, climate.humidity - 8 * wave)),
    condition: CONDITIONS[phase % CONDITIONS.length] ?? 'cloudy',
  };
}
