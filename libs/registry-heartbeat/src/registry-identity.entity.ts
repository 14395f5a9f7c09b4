import { TimestampedEntity } from '#database';
import { Entity } from 'typeorm';

/** One row, created with the database. Its id separates the leases of registries that share one Redis. */
@Entity('registry_identity')
export class RegistryIdentityEntity extends TimestampedEntity {}
