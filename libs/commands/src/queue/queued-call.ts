import { Caller, type Permission, type Role } from '#auth';
import type { ExecuteCommandBody } from '../command.dto.js';
import type { NewExecution } from '../executions/executions.repository.js';

/** What is kept of an asynchronous call until it is made: what was asked, and by whom. */
export interface QueuedRequest {
  body: Omit<ExecuteCommandBody, 'callback_url'>;
  caller: { role: Role; permissions: Permission[]; spaces?: string[] };
  traceparent: string;
}

/** An asynchronous call that is about to be accepted. */
export interface NewQueuedCall extends NewExecution {
  request: QueuedRequest;
  callbackUrl: string | undefined;
}

/** One that this replica makes now. */
export interface QueuedCall {
  id: string;
  client_id: string;
  /** The Skill that would have served it when it was accepted. */
  skill_id: string;
  command_id: string;
  capability_name: string;
  request: QueuedRequest;
  /** Counts from 1; also tells who holds it. */
  attempts: number;
  /** Attempts that count against the limit, with this one: without those that were given back. */
  counted_attempts: number;
  /** Milliseconds since it was accepted. */
  age: number;
  started_at: Date;
  /** Of the client as it is now; null: nobody registers it here. */
  client_disabled: boolean | null;
  /** The Spaces that the client is limited to now; null: all. */
  client_spaces: string[] | null;
}

export function serializeCaller({ identity }: Caller): QueuedRequest['caller'] {
  const { role, permissions, spaces } = identity;
  return { role, permissions: [...permissions], ...(spaces && { spaces: [...spaces] }) };
}

/** Who called, with no more than what it could see then and can see now. */
export function restoreCaller({ client_id, request, client_spaces }: QueuedCall, traceId: string): Caller {
  const { role, permissions, spaces } = request.caller;
  const both = client_spaces && (spaces?.filter((space) => client_spaces.includes(space)) ?? client_spaces);
  const seen = both ?? spaces;
  return new Caller(
    {
      clientId: client_id,
      role,
      permissions: new Set(permissions),
      ...(seen && { spaces: new Set(seen) }),
    },
    { traceId, address: 'queue' },
  );
}
