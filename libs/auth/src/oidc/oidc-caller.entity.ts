import { TimestampedEntity } from '#database';
import { Column, Entity, Index, Unique } from 'typeorm';

/** A caller of the identity provider that was cut off, or was so once. Replicas look at what has changed lately. */
@Entity('oidc_callers')
@Unique('uq_oidc_callers_client_id', ['clientId'])
@Index('ix_oidc_callers_updated_at', ['updatedAt'])
export class OidcCallerEntity extends TimestampedEntity {
  /** `oidc:<sub>`. */
  @Column({ name: 'client_id', type: 'varchar', length: 255 })
  clientId: string;

  /** No token of it holds. */
  @Column({ type: 'boolean' })
  disabled: boolean;
}
