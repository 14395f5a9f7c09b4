export { ApiExceptionFilter, bodyOf, errorCodeOf, type ErrorTranslator } from './api-exception.filter.js';
export { type Envelope, ProtocolRoute } from './envelope.js';
export {
  ApiError,
  AuthenticationError,
  BadParameterError,
  CapabilityNotFoundError,
  ERROR_CATALOGUE,
  type ErrorCode,
  type Fault,
  InternalError,
  NotFoundError,
  PermissionError,
  PreconditionFailedError,
  SkillConflictError,
  SkillNotFoundError,
  UnavailableError,
} from './error-catalogue.js';
export { ApiErrors, ErrorResponse } from './error.response.js';
export {
  BooleanField,
  EnumField,
  type FieldOptions,
  IntegerField,
  JsonObjectField,
  ListField,
  SEMVER_PATTERN,
  SemverField,
  TextField,
  TextMapField,
  UuidField,
} from './field.decorators.js';
export { linkHeader, MAX_LIMIT, MAX_PAGE_SIZE, PageQuery, SkipQuery, type Slice, sliceOf } from './pagination.js';
export { IsText, textFault } from './text.js';
export { createValidationPipe, faultsOf } from './validation.pipe.js';
