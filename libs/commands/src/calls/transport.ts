import type { CapableTarget } from '../targets/target.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { SkillAnswer } from './skill-answer.js';
import type { SkillCall } from './skill-request.js';

/** One try at one endpoint. */
export interface Attempt {
  options: EndpointOptions;
  /** The body for http endpoints. */
  body: string;
  headers: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/** An answer, and its length. */
export interface AttemptAnswer {
  answer: SkillAnswer;
  bytes: number;
}

/** Sends a call to an endpoint by one protocol. Rejects with OutboundError or TryError. */
export interface Transport {
  send(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer>;
}
