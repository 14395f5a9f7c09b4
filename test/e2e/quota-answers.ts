import { expect } from '@jest/globals';

/** Of `GET /auth/me`, by quota. */
export type Usage = Record<string, { limit: number; used: number }>;

/** The body of an answer 429 because of this quota, of which so much is there. */
export const refusal = (quota: string, used: number): object => ({
  code: 1009,
  details: [{ field: 'quota', reason: expect.stringMatching(new RegExp(`^${quota} .* ${used} are there$`)) }],
});
