import { ClientEntity } from '#auth';
import { ChannelContextEntity, ChannelEntity } from '#channels';
import { IdempotencyKeyEntity } from '#idempotency';
import { RegistryIdentityEntity } from '#registry-heartbeat';
import { SKILL_ENTITIES } from '#skills';

/** Every table of the service. */
export const ENTITIES = [
  ClientEntity,
  ...SKILL_ENTITIES,
  RegistryIdentityEntity,
  ChannelEntity,
  ChannelContextEntity,
  IdempotencyKeyEntity,
];
