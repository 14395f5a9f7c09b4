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

/** The callback of an asynchronous call: its URL, and the state of its delivery (protocol.md section 11). */
@Entity('callbacks')
@Check('ck_callbacks_status', `status IN ('pending', 'delivered', 'dead')`)
@Index('ix_callbacks_pending', ['nextAttemptAt'], { where: `status = 'pending'` })
// On an expression, which TypeORM cannot declare: the migration creates it.
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

  /** Attempts in all. A replica holds a claim only while this is the number of its attempt. */
  @Column({ type: 'integer', default: 0 })
  attempts: number;

  /** Failed attempts since `dueAt`: the back-off grows with them. */
  @Column({ type: 'integer', default: 0 })
  failures: number;

  /** When the execution finished, or when a client asked for another delivery. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  /** Null while the execution is not finished. During an attempt: the end of the lease. */
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
