import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isObject, type JsonText, writeJson } from '#common';
import { type AiBridgeSettings, aiBridgeSettings, type CommandsSettings, commandsSettings } from '#config';
import { OutboundClient } from '#outbound';
import { traceCall, TRACER, type Tracer } from '#tracing';
import { type CapableTarget, shownIds } from '../../targets/target.js';
import type { EndpointOptions } from '../endpoint-options.js';
import { readExecution, readUnambiguous, type SkillAnswer, tooLargeAnswer } from '../skill-answer.js';
import { Untaken } from '../untaken.js';
import type { SkillCall } from '../skill-request.js';
import type { Attempt, AttemptAnswer, Transport } from '../transport.js';
import { TryError } from '../try-error.js';
import { FloodPauses } from './flood-pauses.js';
import { type BridgeAnswer, SkillConnection } from './skill-connection.js';

/** Connections that are kept; beyond, the one that was used longest ago closes. */
const MAX_CONNECTIONS = 1_000;
/** Milliseconds without a call until a connection closes. */
const IDLE_MS = 60_000;
const CLOSE_IDLE_EVERY_MS = 10_000;

const INVOKE = { name: 'skill.invoke', attributes: { 'network.protocol.name': 'websocket' } };

/** Calls ws and wss endpoints with the AI Bridge command `skill.invoke` (protocol.md sections 6 and 7). Keeps connections. */
@Injectable()
export class WebSocketTransport implements Transport, OnApplicationShutdown {
  /** By Skill, url, credential and CA: no Skill can disturb a connection of another one. */
  private readonly connections = new LRUCache<string, SkillConnection>({
    max: MAX_CONNECTIONS,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    dispose: (connection) => {
      connection.close();
    },
  });
  private readonly logger = new Logger('commands');
  private readonly floods = new FloodPauses();
  private readonly closeIdle = setInterval(() => this.connections.purgeStale(), CLOSE_IDLE_EVERY_MS).unref();

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
    clearInterval(this.closeIdle);
    this.connections.clear();
  }

  private async invoke(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer> {
    const { url, authorization, ca } = attempt.options;
    const key = JSON.stringify([target.skillId, url, authorization, ca]);
    await this.connections.get(key)?.look();
    const connection = this.getConnection(key, attempt.options);
    const answer = await connection.ask(call.executionId, this.formatMessage(call, target, attempt), attempt);
    return { answer: readUnambiguous(answer.data, () => readMessage(answer)), bytes: answer.data.length };
  }

  /** @throws TryError while the endpoint is not called because it flooded its connection */
  private getConnection(key: string, options: EndpointOptions): SkillConnection {
    const known = this.connections.get(key);
    if (known && !known.isClosed) return known;
    const connection = this.connect(options);
    this.connections.set(key, connection);
    return connection;
  }

  private connect(options: EndpointOptions): SkillConnection {
    const { url, authorization } = options;
    // Without the Skill: another Skill with the same endpoint does not get around the pause.
    const key = JSON.stringify([url, authorization]);
    if (this.floods.isPaused(key)) {
      throw new TryError('unreachable', 'the endpoint sent too many unsolicited messages, and is paused', false);
    }
    return new SkillConnection(this.outbound, options, this.settings.maxResponseBytes, () => {
      this.floods.begin(key);
      this.logger.warn(`a Skill at ${new URL(url).origin} sent too many unsolicited messages: its connection was cut`);
    });
  }

  /** The message id is that of the execution, at every try. What an http endpoint gets besides is in the extension. */
  private formatMessage(call: SkillCall, target: CapableTarget, { headers, timeoutMs }: Attempt): string {
    return writeJson({
      version: this.bridge.protocolVersion,
      id: call.executionId,
      timestamp: Date.now(),
      type: 'request',
      command: INVOKE.name,
      params: { ...shownIds(target), params: call.parameters },
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
        capability: target.capability.name,
        metadata: call.metadata,
        headers,
        ...(call.channel && { channel_id: call.channel.channelId, context: call.channel.context }),
      },
    });
  }
}

/** Members of an AI Bridge response (AI Bridge v0.6.0, message format), and `error_detail` of this registry. */
const MESSAGE = new Set(
  'version id timestamp type command status result error error_detail metadata extension'.split(' '),
);

/** @throws TryError, RepeatedNameError */
function readMessage({ data, json, tooLarge }: BridgeAnswer): SkillAnswer {
  if (tooLarge !== undefined) return tooLargeAnswer(tooLarge);
  const members = json?.members();
  const untaken = new Untaken();
  untaken.addUnknown(members ?? [], MESSAGE);
  const own = ['status', 'error', 'error_detail'].flatMap((name) => toEntry(name, members?.get(name)));
  return readExecution(new Map([...own, ...unwrapResult(members?.get('result'))]), data, untaken);
}

/** A Skill may answer as over http, with `{result, output, context}`, or with the result alone. */
function unwrapResult(result: JsonText | undefined): Iterable<[string, JsonText]> {
  if (isObject(result?.value)) {
    const known = ['result', 'output', 'context'];
    const names = Object.keys(result.value);
    if (names.includes('result') && names.every((name) => known.includes(name))) return result.members();
  }
  return toEntry('result', result);
}

function toEntry(name: string, value: JsonText | undefined): [string, JsonText][] {
  return value ? [[name, value]] : [];
}
