export { IdempotencyKeyEntity } from './idempotency-key.entity.js';
export { ApiIdempotencyKey, IdempotencyKey } from './idempotency-key.decorator.js';
export { IdempotencyModule } from './idempotency.module.js';
export { IdempotencyService, type IdempotentRequest } from './idempotency.service.js';
