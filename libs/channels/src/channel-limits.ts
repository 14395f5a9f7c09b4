import type { EntryLimits } from '#common';

/** Limits of a context (AI Bridge v0.6.0, data model: channel_contexts). The check on channels.context_keys has the same. */
export const CONTEXT_LIMITS = { maxKey: 64, maxValue: 1024, maxEntries: 100 } as const satisfies EntryLimits;

/** A context in OpenAPI. */
export const contextSchema = {
  type: 'object' as const,
  maxProperties: CONTEXT_LIMITS.maxEntries,
  propertyNames: { minLength: 1, maxLength: CONTEXT_LIMITS.maxKey },
  additionalProperties: {
    description: `Any JSON value: a text of at most ${CONTEXT_LIMITS.maxValue} characters, or another value with at most as many as JSON`,
  },
};

export const METADATA_LIMITS = { maxKey: 64, maxValue: 512, maxEntries: 50 } as const satisfies EntryLimits;
