import { AUTH_ENTITIES } from '#auth';
import { AwayChannelEntity, ChannelContextEntity, ChannelEntity } from '#channels';
import { CallbackEntity, ExecutionEntity } from '#commands';
import { IdempotencyKeyEntity } from '#idempotency';
import { RegistryIdentityEntity } from '#registry-heartbeat';
import { SKILL_ENTITIES } from '#skills';

/** Every table of the service. */
export const ENTITIES = [
  ...AUTH_ENTITIES,
  ...SKILL_ENTITIES,
  RegistryIdentityEntity,
  ChannelEntity,
  AwayChannelEntity,
  ChannelContextEntity,
  IdempotencyKeyEntity,
  ExecutionEntity,
  CallbackEntity,
];
