export { httpVerdict, type OutgoingCall, traceCall } from './outgoing-call.js';
export { endServed, type ServedAnswer, type ServedRequest, ServerSpans } from './server-spans.js';
export { runJob, traced, type Verdict } from './traced.js';
export { type Attributes, type Span, type SpanKind, TRACER, type Tracer, type Tracing } from './tracer.js';
export { startTracing } from './tracing.js';
export { TracingModule } from './tracing.module.js';
