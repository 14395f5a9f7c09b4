import type { EntryLimits } from '#common';

/** Limits of a context (AI Bridge v0.6.0, data model: channel_contexts). The check on channels.context_keys has the same. */
export const CONTEXT_LIMITS = { maxKey: 64, maxValue: 1024, maxEntries: 100 } as const satisfies EntryLimits;

export const METADATA_LIMITS = { maxKey: 64, maxValue: 512, maxEntries: 50 } as const satisfies EntryLimits;
