export { httpVerdict, type OutgoingCall, traceCall } from './outgoing-call.js';
export { endServed, type ServedAnswer, type ServedRequest, ServerSpans } from './server-spans.js';
export { runJob, traced, type Verdict } from './traced.js';
export { type Attributes, type Span, type SpanKind, TRACER, type Tracer } from './tracer.js';
export { startTracing, type Tracing } from './tracing.js';
export { TracingModule } from './tracing.module.js';
