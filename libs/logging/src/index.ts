export { getRequestActor, setRequestActor, writeAccess } from './access-log.js';
export { LogFileError } from './line-destination.js';
export { createLogger, type ServiceLog } from './logger.js';
export { OutageLog } from './outage-log.js';
export { PinoLogger } from './pino-logger.js';
export { redactStart, redactText } from './redaction.js';
export { surviveBrokenOutput } from './standard-streams.js';
export { frameworkErrors, registerRequestLogging } from './request-logging.js';
export type { LogOutput } from './terminal.js';
export {
  currentTrace,
  formatTraceparent,
  parseTraceparent,
  type RemoteSpan,
  replaceTrace,
  runInTrace,
  startSpan,
  type TraceContext,
  traceIdGenerator,
  getTrace,
} from './trace-context.js';
