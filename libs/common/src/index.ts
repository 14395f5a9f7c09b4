export { ApiExceptionFilter, toErrorBody, readErrorCode, type ErrorTranslator } from './api-exception.filter.js';
export { keptHeaders } from './kept-headers.js';
export { type BackOffTerms, exponentialPause, jitteredPause } from './back-off.js';
export { BatchQueue, type BatchQueueOptions } from './batch-queue.js';
export { Batcher, type BatcherOptions } from './batcher.js';
export { canonicalJson } from './canonical-json.js';
export { CursorScope, wrongCursor } from './cursor.js';
export { describeError } from './describe-error.js';
export { ApiIfNoneMatch, noneMatch, splitTags, tagAnswer } from './entity-tag.js';
export { type Envelope, envelopeSchema, writeEnvelope, ProtocolRoute } from './envelope.js';
export {
  ApiError,
  AuthenticationError,
  BadParameterError,
  CapabilityNotFoundError,
  CapabilityUnavailableError,
  ConflictError,
  ERROR_CATALOGUE,
  ExecutionTimeoutError,
  type ErrorCode,
  type Fault,
  InternalError,
  NotFoundError,
  PermissionError,
  PreconditionFailedError,
  SkillNotFoundError,
  SkillUnavailableError,
  TooManyRequestsError,
  UnavailableError,
} from './error-catalogue.js';
export { ApiErrors, ErrorResponse, buildExample } from './error.response.js';
export { canonicalId, ExternalIdField, isUuid, pickExternalId, SkillIdField, toSkillUuid } from './external-id.js';
export { CheckedBy } from './fault.decorator.js';
export { faultError, joinedReasons, MAX_FAULTS } from './fault-list.js';
export {
  EnumField,
  type FieldOptions,
  IntegerField,
  ListField,
  NumberField,
  SEMVER_PATTERN,
  SemverField,
  TextField,
  UuidField,
} from './field.decorators.js';
export {
  BooleanField,
  EnumListField,
  IdentifierField,
  IdentifierListField,
  TextListField,
} from './identifier.decorators.js';
export { HttpRefusal } from './http-refusal.js';
export { isObject } from './is-object.js';
export { isZlib } from './is-zlib.js';
export { JsonObjectField } from './json-object.decorator.js';
export { ExactNumbers } from './exact-numbers.decorator.js';
export { ExactJson, type ExactMembers } from './exact-json.decorator.js';
export { findRepeatedName, type JsonPart, listInexactNumbers, listParts } from './json-parts.js';
export { JsonText, keepTexts, RepeatedNameError, writeJson } from './json-text.js';
export {
  type BatchOptions,
  BatchRoute,
  BODY_LIMIT,
  countCost,
  limitBodies,
  MAX_BATCH_VALUES,
  MAX_BODY_VALUES,
} from './batch-route.decorator.js';
export { endOfString, FOREIGN_BOUNDS, jsonSizeFault, readForeignJson } from './json-size.js';
export { InFlight } from './in-flight.js';
export { KNOWN_METHODS } from './known-methods.js';
export { maskSecrets, maskValues, REDACTED } from './mask-secrets.js';
export { FORM, JSON_TYPES, listMediaTypes } from './media-types.js';
export { memoize } from './memoize.js';
export { listSpellings, NameField, nameFault, Nfc, showUnseen, toNfc } from './name.js';
export { newId } from './new-id.js';
export { ListRoute, PageRoute } from './list-route.js';
export {
  MAX_LIMIT,
  MAX_PAGE_SIZE,
  type Page,
  PageQuery,
  PageResponse,
  readTotal,
  SkipQuery,
  skipToSlice,
  type Slice,
  toPageResponse,
  toSlice,
} from './pagination.js';
export { CompiledValidator } from './compiled-validator.js';
export { hasMoreKeys, hasMoreValues } from './plain-data.js';
export { PROBE_ROUTES } from './probe-routes.js';
export { readRetryAfter } from './retry-after.js';
export { CLIENT_CLOSED_REQUEST, ConnectionClosed, isSentWhole, onResponseEnd } from './response-end.js';
export { Repeatable } from './repeatable.decorator.js';
export { AddRouteConfig } from './route-config.decorator.js';
export { Public, PUBLIC_ROUTE } from './public.decorator.js';
export { certificatesFault } from './certificates.js';
export { headerValueFault, IsText, jsonValueFault, pathFault, textFault, toStorable } from './text.js';
export { type EntryLimits, TextMapField, textMapSchema } from './text-map.decorator.js';
export { FutureTimeField, isDateTime, TimeField } from './time.decorator.js';
export { createValidationPipe, faultsOf, validateBody, validateEach } from './validation.pipe.js';
export { SingleFlight } from './single-flight.js';
export { splitIntoSlices } from './slices.js';
export { canonicalUrl, selectByUrl, urlFault, UrlSpellings, type UrlTerms } from './url.js';
