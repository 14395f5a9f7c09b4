import { TimestampedEntity } from '#database';
import { Column, Entity, Index, Unique } from 'typeorm';

/** A caller of the identity provider that is, or was, cut off. Replicas poll the latest changes. */
@Entity('oidc_callers')
@Unique('uq_oidc_callers_client_id', ['clientId'])
@Index('ix_oidc_callers_updated_at', ['updatedAt'])
export class OidcCallerEntity extends TimestampedEntity {
  /** `oidc:<sub>`. */
  @Column({ name: 'client_id', type: 'varchar', length: 255 })
  clientId: string;

  /** Its tokens are refused. */
  @Column({ type: 'boolean' })
  disabled: boolean;
}
