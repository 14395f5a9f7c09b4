import { jest } from '@jest/globals';
import type { Socket } from 'node:net';
import { JsonText } from '#common';
import { AiBridgeSettings, CommandsSettings } from '#config';
import { FloodGuard } from '#outbound';
import { TARGET } from '../../../../../test/support/capable-target.js';
import { endOutbound, rejection, outboundClient } from '../../../../../test/support/outbound.js';
import {
  answerTo,
  BINARY,
  flood,
  frame,
  PING,
  PONG,
  SocketSkill,
  TEXT,
} from '../../../../../test/support/socket-skill.js';
import { until } from '../../../../../test/support/until.js';
import { TryLog } from '../../executions/try-log.js';
import type { SkillCall } from '../skill-request.js';
import { WebSocketTransport } from './web-socket-transport.js';

const MIB = 1024 * 1024;
/** What a connection takes unsolicited at once (flood-guard.ts), and what a busy machine adds to that in some seconds. */
const MOST_UNSOLICITED = 100 + 20;
const MOST_PINGS = 50 + 100;

describe('a ws Skill that sends unrequested messages', () => {
  let transport: WebSocketTransport;
  let skill: SocketSkill;
  /** What was handled unsolicited, answered and parsed, and the turns of the event loop meanwhile. */
  const counted = { unsolicited: 0, pongs: 0, parsed: 0, turns: 0 };
  let counting: NodeJS.Immediate;

  beforeEach(async () => {
    skill = await SocketSkill.start();
    transport = new WebSocketTransport(outboundClient().client, new CommandsSettings(), new AiBridgeSettings());
    Object.assign(counted, { unsolicited: 0, pongs: 0, parsed: 0, turns: 0 });
    const unsolicited = jest.spyOn(FloodGuard.prototype, 'unsolicited');
    const parse = jest.spyOn(JSON, 'parse');
    const turn = () => {
      Object.assign(counted, { unsolicited: unsolicited.mock.calls.length, parsed: parse.mock.calls.length });
      counted.turns += 1;
      counting = setImmediate(turn);
    };
    turn();
  });
  afterEach(() => {
    clearImmediate(counting);
    jest.restoreAllMocks();
    transport.onApplicationShutdown();
    endOutbound();
    skill.stop();
  });

  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  };
  const send = (executionId: string, timeoutMs = 20_000) => {
    const { signal } = new AbortController();
    const call: SkillCall = {
      executionId,
      commandId: `command-of-${executionId}`,
      caller: { clientId: 'agent-1' },
      parameters: new JsonText('{}'),
      metadata: new JsonText('{}'),
      timeoutMs,
      channel: undefined,
      targets: [TARGET],
      traceparent: '',
      passedHeaders: {},
      tries: new TryLog(),
      signal,
    };
    const options = {
      url: skill.url,
      method: 'POST',
      timeoutMs: undefined,
      authorization: undefined,
      isRaw: false,
      ca: undefined,
    };
    return transport.send(call, TARGET, { options, body: '', headers: {}, timeoutMs, signal });
  };
  const isCut = ({ stream }: { stream: Socket }) => stream.destroyed;

  it.each<[string, (id: string) => Buffer]>([
    ['empty messages', () => frame(TEXT)],
    ['messages of one byte', () => frame(TEXT, 'x')],
    ['binary messages', () => frame(BINARY, 'xyz')],
    ['pings', () => frame(PING, 'xyz')],
    ['pongs', () => frame(PONG)],
    ['answers to nobody', () => frame(TEXT, answerTo('nobody'))],
    ['large JSON', () => frame(TEXT, answerTo('nobody', 'x'.repeat(100_000)))],
    ['JSON as large as may be', () => frame(TEXT, answerTo('nobody', 'x'.repeat(8 * MIB - 200)))],
    ['messages that name the call, and do not answer it', (id) => frame(TEXT, JSON.stringify({ result: { id } }))],
    ['messages with thousands of ids', () => frame(TEXT, '{"id":"x"}'.repeat(2_000))],
    ['fragments without an end', () => Buffer.concat([frame(0x01), Buffer.alloc(2 * MIB, frame(0x00))])],
    ['a farewell, and then anything', () => Buffer.concat([frame(0x88), Buffer.alloc(MIB)])],
    ['pieces of something compressed', () => frame(0xc1, 'xyz')],
  ])('fails its call, is cut off and left alone: %s', async (_, part) => {
    const flooding: Promise<number>[] = [];
    skill.onInvocation = ({ id }, __, stream) => {
      stream.on('error', () => undefined);
      flooding.push(flood(stream, part(id)));
    };
    expect(['bad-answer', 'reset-before-answer']).toContain(kindOf(await rejection(send('e-1'))));
    const written = await Promise.all(flooding);
    expect(counted.unsolicited).toBeLessThanOrEqual(MOST_UNSOLICITED);
    // The Skill of the test parses the call, too.
    expect(counted.parsed).toBeLessThanOrEqual(MOST_UNSOLICITED + 1);
    expect(counted.turns).toBeGreaterThanOrEqual(counted.unsolicited);
    // Buffers of the network hold some megabytes that nobody reads.
    expect(Math.max(...written)).toBeLessThan(64 * MIB);
    expect(skill.sockets).toHaveLength(1);
  });

  it('is not called again for a while', async () => {
    skill.onInvocation = ({ id }, _, stream) => {
      stream.on('error', () => undefined);
      void flood(stream, frame(TEXT, answerTo(id)));
    };
    expect((await send('e-1')).answer.status).toBe('completed');
    // The next call finds the flood, unless what came with the answer was one.
    const faults = [await rejection(send('e-2')), await rejection(send('e-3'))].map(kindOf);
    expect(faults.at(-1)).toBe('unreachable');
    await until(() => skill.sockets.every(isCut), 10_000);
    expect(counted.unsolicited).toBeLessThanOrEqual(MOST_UNSOLICITED);
    expect(skill.sockets).toHaveLength(1);
  });

  it('is not read while nothing is asked', async () => {
    await send('e-1');
    const [socket] = skill.sockets;
    for (let n = 0; n < 60; n += 1) socket?.webSocket.send('an aside');
    await turns(200);
    expect(counted.unsolicited).toBe(0);
    expect((await send('e-2')).answer.status).toBe('completed');
    expect(skill.sockets).toHaveLength(1);
  });

  it('may answer late, once for each call', async () => {
    const late: string[] = [];
    skill.onInvocation = ({ id }) => late.push(id);
    await Promise.all(Array.from({ length: 300 }, (_, n) => rejection(send(`e-${n}`, 200))));
    skill.onInvocation = ({ id }, webSocket) => {
      for (const each of [...late, id]) webSocket.send(answerTo(each, 'x'.repeat(2_000)));
    };
    expect((await send('e-301')).answer.status).toBe('completed');
    expect([late.length, counted.unsolicited]).toEqual([300, 0]);
    expect(skill.sockets).toHaveLength(1);
  });

  it('gets a pong for each of a few pings', async () => {
    skill.onInvocation = ({ id }, webSocket) => {
      webSocket.on('pong', () => (counted.pongs += 1));
      for (let n = 0; n < 1_000; n += 1) webSocket.ping();
      setTimeout(() => {
        webSocket.send(answerTo(id));
      }, 100);
    };
    await rejection(send('e-1'));
    expect(counted.pongs).toBeGreaterThan(4);
    expect(counted.pongs).toBeLessThanOrEqual(MOST_PINGS);
    expect(counted.unsolicited).toBeLessThanOrEqual(MOST_UNSOLICITED);
  });

  it('is called over another connection when it has gone away meanwhile', async () => {
    await send('e-1');
    for (const end of ['close', 'terminate'] as const) {
      skill.sockets.at(-1)?.webSocket[end]();
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      expect((await send(`after-${end}`)).answer.status).toBe('completed');
    }
    expect(skill.sockets).toHaveLength(3);
  });

  it('gets no further call while it reads nothing', async () => {
    await send('opens-the-connection');
    skill.onInvocation = (_, __, stream) => stream.pause();
    const many = Array.from({ length: 400 }, (_, n) => rejection(send(`${n}-${'x'.repeat(100_000)}`, 300)));
    await Promise.all(many);
    expect(kindOf(await rejection(send('one more', 300)))).toBe('unreachable');
  });
});

function kindOf(error: { kind?: string; fault?: string }): string {
  return error.fault ?? error.kind ?? 'another error';
}
