import { Caller, type Permission, type Role } from '#auth';
import { JsonText, keepTexts } from '#common';
import type { PassedHeaders } from '../calls/passed-headers.js';
import { type ExecuteCommandBody, PASSED_ON } from '../command.dto.js';
import type { NewExecution } from '../executions/executions.repository.js';
import type { EarlierTries } from '../executions/try-log.js';

/** The request of an asynchronous call and its caller, kept until the call is finished. */
export interface QueuedRequest {
  body: Omit<ExecuteCommandBody, 'callback_url'>;
  caller: { role: Role; permissions: Permission[]; spaces?: string[] };
  traceparent: string;
  /** The release before writes none. */
  headers?: PassedHeaders;
}

/** An asynchronous call to add to the queue. */
export interface NewQueuedCall extends NewExecution {
  request: QueuedRequest;
  callbackUrl: string | undefined;
}

/** An asynchronous call that this replica makes now. */
export interface QueuedCall extends EarlierTries {
  id: string;
  client_id: string;
  /** The best Skill for it when it was accepted. */
  skill_id: string;
  command_id: string;
  capability_name: string;
  request: QueuedRequest;
  /** Counts from 1; identifies the claim. */
  attempts: number;
  /** Attempts that count against the limit, this one included: without those that were given back. */
  counted_attempts: number;
  /** Milliseconds since it was accepted. */
  age: number;
  started_at: Date;
  /** Whether the client is disabled now; null if it is not registered here. */
  client_disabled: boolean | null;
  /** The Spaces that the client is limited to now; null if to none. */
  client_spaces: string[] | null;
}

/** Reads a request as the database has it. */
export function restoreRequest(text: string): QueuedRequest {
  const json = new JsonText(text);
  const request = json.value as QueuedRequest;
  const body = keepTexts(request.body, json.members().get('body')?.text ?? '{}', PASSED_ON) as QueuedRequest['body'];
  return { ...request, body };
}

export function serializeCaller({ identity }: Caller): QueuedRequest['caller'] {
  const { role, permissions, spaces } = identity;
  return { role, permissions: [...permissions], ...(spaces && { spaces: [...spaces] }) };
}

/** The caller, with the Spaces that it could see when it called and can still see. */
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
