import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  OneToOne,
  PrimaryColumn,
  type Relation,
  UpdateDateColumn,
} from 'typeorm';
import { ExecutionEntity } from '../executions/execution.entity.js';

export const CALLBACK_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type CallbackStatus = (typeof CALLBACK_STATUSES)[number];

/** Where what became of an asynchronous call is told, and how that goes (protocol.md section 11). */
@Entity('callbacks')
@Check('ck_callbacks_status', `status IN ('pending', 'delivered', 'dead')`)
@Index('ix_callbacks_pending', ['nextAttemptAt'], { where: `status = 'pending'` })
// On an expression, which TypeORM cannot declare: the migration makes it.
@Index('ix_callbacks_receiver', { synchronize: false })
@Index('ix_callbacks_dead', ['executionId'], { where: `status = 'dead'` })
export class CallbackEntity {
  @PrimaryColumn({ name: 'execution_id', type: 'uuid', primaryKeyConstraintName: 'pk_callbacks' })
  executionId: string;

  @OneToOne(() => ExecutionEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'execution_id', foreignKeyConstraintName: 'fk_callbacks_execution' })
  execution: Relation<ExecutionEntity>;

  @Column({ type: 'varchar', length: 2048 })
  url: string;

  @Column({ type: 'varchar', length: 16, default: 'pending' })
  status: CallbackStatus;

  /** In all; also tells who holds it: an attempt that another one has followed settles nothing. */
  @Column({ type: 'integer', default: 0 })
  attempts: number;

  /** Since it was due: the pause before the next attempt grows with them. */
  @Column({ type: 'integer', default: 0 })
  failures: number;

  /** When the execution was finished, or somebody asked for it to be delivered again. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  /** Null: the execution is not finished. While an attempt is under way, it is when that counts as lost. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', nullable: true })
  nextAttemptAt: Date | null;

  @Column({ name: 'delivered_at', type: 'timestamptz', nullable: true })
  deliveredAt: Date | null;

  @Column({ name: 'last_error', type: 'varchar', length: 255, nullable: true })
  lastError: string | null;

  @Column({ name: 'last_status', type: 'smallint', nullable: true })
  lastStatus: number | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
