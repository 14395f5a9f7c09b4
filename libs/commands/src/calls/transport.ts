import type { CapableTarget } from '../targets/target.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { SkillAnswer } from './skill-answer.js';
import type { SkillCall } from './skill-request.js';

/** One try at one endpoint. */
export interface Attempt {
  options: EndpointOptions;
  /** As http endpoints get it. */
  body: string;
  headers: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/** What came of it, and how long it was. */
export interface AttemptAnswer {
  answer: SkillAnswer;
  bytes: number;
}

/** A way to an endpoint. Rejects with OutboundError or TryError. */
export interface Transport {
  send(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer>;
}
