import { TimestampedEntity } from '#database';
import { Entity } from 'typeorm';

/** One row, made with the database: whose leases those in a shared Redis are. */
@Entity('registry_identity')
export class RegistryIdentityEntity extends TimestampedEntity {}
