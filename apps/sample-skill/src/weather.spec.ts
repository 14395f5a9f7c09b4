import { CITIES, cityOf, weatherOf } from './weather.js';

describe('the weather', () => {
  it('is the same whenever it is asked for, and not the same everywhere and every day', () => {
    expect(weatherOf('Berlin', 0)).toEqual({ temperature: 13.9, humidity: 63, condition: 'partly cloudy' });
    expect(weatherOf('Berlin', 1)).toEqual({ temperature: 15.9, humidity: 60, condition: 'cloudy' });
    const all = CITIES.flatMap((city) => [0, 1, 2].map((day) => JSON.stringify(weatherOf(city, day))));
    expect(CITIES.flatMap((city) => [0, 1, 2].map((day) => JSON.stringify(weatherOf(city, day))))).toEqual(all);
    expect(new Set(all).size).toBeGreaterThan(20);
  });

  it('finds a city however it is written', () => {
    expect([' new york', 'BERLIN', 'Atlantis', ''].map(cityOf)).toEqual(['New York', 'Berlin', undefined, undefined]);
  });
});
