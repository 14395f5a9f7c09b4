import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { type AiBridgeSettings, aiBridgeSettings, type CommandsSettings, commandsSettings } from '#config';
import { OutboundClient } from '#outbound';
import { traceCall, TRACER, type Tracer } from '#tracing';
import type { CapableTarget } from '../../targets/target.js';
import type { Attempt, AttemptAnswer, Transport } from '../transport.js';
import { executionOf } from '../skill-answer.js';
import { FloodPauses } from './flood-pauses.js';
import { SkillConnection } from './skill-connection.js';
import type { SkillCall } from '../skill-request.js';
import { TryError } from '../try-error.js';

/** Connections that are kept; beyond, the one that was used longest ago is closed. */
const MAX_CONNECTIONS = 1_000;
const IDLE_MS = 60_000;
const LOOK_EVERY_MS = 10_000;

const INVOKE = { name: 'skill.invoke', attributes: { 'network.protocol.name': 'websocket' } };

/** Calls ws and wss endpoints by the AI Bridge message `skill.invoke` (protocol.md sections 6 and 7), over kept connections. */
@Injectable()
export class WebSocketTransport implements Transport, OnApplicationShutdown {
  /** By Skill, url and credential: what one Skill's end of a connection does concerns no other. Those used longest ago come first. */
  private readonly connections = new Map<string, SkillConnection>();
  private readonly logger = new Logger('commands');
  private readonly floods = new FloodPauses();
  private readonly watch = setInterval(() => {
    this.closeIdle();
  }, LOOK_EVERY_MS).unref();

  constructor(
    private readonly outbound: OutboundClient,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    @Inject(aiBridgeSettings.KEY) private readonly bridge: AiBridgeSettings,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {}

  send(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer> {
    if (this.tracer === undefined) return this.invoke(call, target, attempt);
    const { options, headers } = attempt;
    return traceCall(this.tracer, { ...INVOKE, url: options.url, headers }, (traced) =>
      this.invoke(call, target, { ...attempt, headers: { ...traced } }),
    );
  }

  onApplicationShutdown(): void {
    clearInterval(this.watch);
    for (const connection of this.connections.values()) connection.close();
    this.connections.clear();
  }

  private async invoke(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer> {
    const connection = await this.connectionTo(target.skillId, attempt);
    const { answer, bytes } = await connection.ask(call.executionId, this.messageOf(call, target, attempt), attempt);
    const { status, result, error } = answer;
    return { answer: executionOf({ status, ...resultOf(result), error }), bytes };
  }

  /** @throws TryError while an endpoint that has flooded its connection is left alone */
  private async connectionTo(skillId: string, { options: { url, authorization } }: Attempt): Promise<SkillConnection> {
    const key = JSON.stringify([skillId, url, authorization]);
    await this.connections.get(key)?.look();
    const known = this.connections.get(key);
    const connection = known === undefined || known.isClosed ? this.connect(url, authorization) : known;
    this.connections.delete(key);
    this.connections.set(key, connection);
    if (this.connections.size > MAX_CONNECTIONS) this.closeIdle();
    return connection;
  }

  private connect(url: string, authorization: string | undefined): SkillConnection {
    // Whichever Skill names it: another one is no way around the pause.
    const key = JSON.stringify([url, authorization]);
    if (this.floods.isPaused(key)) {
      throw new TryError('unreachable', 'the endpoint has sent more than it was asked for, and is left alone', false);
    }
    return new SkillConnection(this.outbound, url, authorization, this.settings.maxResponseBytes, () => {
      this.floods.note(key);
      this.logger.warn(`a Skill at ${new URL(url).origin} sent more than it was asked for: its connection was cut`);
    });
  }

  /** Those that were not used lately, or are too many; never one that is waited for. */
  private closeIdle(): void {
    for (const [key, connection] of this.connections) {
      const isOver = this.connections.size > MAX_CONNECTIONS || connection.idleMs > IDLE_MS || connection.isClosed;
      if (connection.isWaitedFor || !isOver) continue;
      connection.close();
      this.connections.delete(key);
    }
  }

  /** The execution's id is that of the message, at every try; the rest of what an http endpoint is told is in the extension. */
  private messageOf(call: SkillCall, { skillId, capability }: CapableTarget, { headers, timeoutMs }: Attempt): string {
    return JSON.stringify({
      version: this.bridge.protocolVersion,
      id: call.executionId,
      timestamp: Date.now(),
      type: 'request',
      command: INVOKE.name,
      params: { skill_id: skillId, capability_id: capability.capabilityId, params: call.parameters },
      metadata: {
        sender_id: call.caller.clientId.slice(0, 64),
        trace_id: headers.traceparent?.split('-')[1],
        timeout: Math.ceil(timeoutMs),
      },
      extension: {
        vendor: 'ooder',
        schema_version: '1',
        command_id: call.commandId,
        execution_id: call.executionId,
        capability: capability.name,
        metadata: call.metadata,
        headers,
        ...(call.channel && { channel_id: call.channel.channelId, context: call.channel.context }),
      },
    });
  }
}

/** A Skill may answer as over http, with `{result, output, context}`, or with the result alone. */
function resultOf(result: unknown): Record<string, unknown> {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return { result };
  const known = ['result', 'output', 'context'];
  const isWrapped = 'result' in result && Object.keys(result).every((key) => known.includes(key));
  return isWrapped ? { ...result } : { result };
}
