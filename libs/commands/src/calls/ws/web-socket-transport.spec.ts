import { createServer } from 'node:http';
import { JsonText, writeJson } from '#common';
import { AiBridgeSettings, CommandsSettings } from '#config';
import { type WebSocket, WebSocketServer } from 'ws';
import { TARGET } from '../../../../../test/support/capable-target.js';
import { endOutbound, rejection, listen, outboundClient } from '../../../../../test/support/outbound.js';
import type { Attempt } from '../transport.js';
import type { SkillAnswer } from '../skill-answer.js';
import { TryLog } from '../../executions/try-log.js';
import type { SkillCall } from '../skill-request.js';
import { WebSocketTransport } from './web-socket-transport.js';

interface Message {
  id: string;
  command: string;
  params: { params: { n: number } };
}

describe('WebSocketTransport', () => {
  let transport: WebSocketTransport;
  let sockets: WebSocket[];
  let messages: Message[];
  let headers: unknown[];
  let url: string;
  /** What the Skill does with a message. */
  let onMessage: (message: Message, socket: WebSocket) => void;

  beforeEach(async () => {
    [sockets, messages, headers] = [[], [], []];
    onMessage = (message, socket) => {
      reply(socket, message, { status: 'success', result: { n: message.params.params.n } });
    };
    const server = createServer();
    new WebSocketServer({ server }).on('connection', (socket, request) => {
      sockets.push(socket);
      headers.push(request.headers.authorization);
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        messages.push(message);
        onMessage(message, socket);
      });
    });
    url = `ws://127.0.0.1:${await listen(server)}/skill`;
    const { client } = outboundClient();
    transport = new WebSocketTransport(client, new CommandsSettings(), new AiBridgeSettings());
  });
  afterEach(() => {
    transport.onApplicationShutdown();
    endOutbound();
  });

  const reply = (socket: WebSocket, { id }: Message, answer: object) => {
    socket.send(JSON.stringify({ version: '0.6.0', id, timestamp: 0, type: 'response', ...answer }));
  };
  const sendExact = (
    executionId: string,
    n = 0,
    overrides: Partial<Attempt> = {},
    authorization?: string,
    target = TARGET,
  ) => {
    const call: SkillCall = {
      executionId,
      commandId: `command-of-${executionId}`,
      caller: { clientId: 'agent-1' },
      parameters: new JsonText(JSON.stringify({ n })),
      metadata: new JsonText('{"m":1}'),
      timeoutMs: 1_000,
      channel: undefined,
      targets: [TARGET],
      traceparent: '',
      passedHeaders: {},
      tries: new TryLog(),
      signal: new AbortController().signal,
    };
    const attempt: Attempt = {
      options: { url, method: 'POST', timeoutMs: undefined, authorization, isRaw: false, ca: undefined },
      body: '',
      headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
      timeoutMs: 1_000,
      signal: call.signal,
      ...overrides,
    };
    return transport.send(call, target, attempt);
  };
  const send = async (...args: Parameters<typeof sendExact>) => {
    const { answer, bytes } = await sendExact(...args);
    return { answer: JSON.parse(writeJson(answer)) as SkillAnswer, bytes };
  };

  it('sends skill.invoke, with the id of the execution and everything that an http endpoint gets', async () => {
    const { answer, bytes } = await send('e-1', 7, {}, 'Bearer of-the-skill');
    expect(answer).toEqual({ status: 'completed', result: { n: 7 } });
    expect(bytes).toBeGreaterThan(50);
    expect(messages).toEqual([
      {
        version: '0.6.0',
        id: 'e-1',
        timestamp: expect.any(Number),
        type: 'request',
        command: 'skill.invoke',
        params: { skill_id: 'skill-1', capability_id: 'cap-1', params: { n: 7 } },
        metadata: { sender_id: 'agent-1', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', timeout: 1_000 },
        extension: {
          vendor: 'ooder',
          schema_version: '1',
          command_id: 'command-of-e-1',
          execution_id: 'e-1',
          capability: 'forecast',
          metadata: { m: 1 },
          headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
        },
      },
    ]);
    expect(headers).toEqual(['Bearer of-the-skill']);
  });

  it('carries many calls over one connection, whose answers come in any order', async () => {
    const held: (() => void)[] = [];
    onMessage = (message, socket) => {
      held.push(() => {
        reply(socket, message, { status: 'success', result: message.params.params.n });
      });
      if (held.length === 50) for (const answer of held.toReversed()) answer();
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => send(`e-${n}`, n)));
    expect(answers.map(({ answer }) => answer.result)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(sockets).toHaveLength(1);
    held.length = 0;
    onMessage = (message, socket) => {
      reply(socket, message, { status: 'success' });
    };
    await send('again', 1, {}, 'another credential');
    expect(sockets).toHaveLength(2);
  });

  it('passes on an error, and a result with output and context', async () => {
    onMessage = (message, socket) => {
      const error = { code: '3001', message: 'No such city', details: 1 };
      const whole = { result: 1, output: 'one', context: { a: 'b', c: null } };
      reply(
        socket,
        message,
        message.id === 'bad' ? { status: 'failed', error } : { status: 'success', result: whole, progress: 1 },
      );
    };
    expect((await send('bad')).answer).toEqual({
      status: 'failed',
      error: { code: '3001', message: 'No such city', details: 1 },
    });
    expect((await send('good')).answer).toEqual({
      status: 'completed',
      result: 1,
      output: 'one',
      context: { a: 'b', c: null },
      warnings: [{ field: 'progress', reason: 'is unknown' }],
    });
  });

  it('passes on a result as it is written, and takes no message with two of them', async () => {
    onMessage = ({ id }, socket) => {
      const result = '{ "n" : [1e400,-0, 9007199254740993,"\\u00e9"]}';
      const more = id === 'twice' ? ',"result":1' : '';
      socket.send(`{"type":"response","id":"${id}","status":"success","result":${result} ${more}}`);
    };
    expect(writeJson((await sendExact('once')).answer)).toBe(
      '{"status":"completed","result":{ "n" : [1e400,-0, 9007199254740993,"\\u00e9"]}}',
    );
    await expect(sendExact('twice')).rejects.toMatchObject({ fault: 'bad-answer', isFinal: true });
  });

  it('reads the published status, and an error as text', async () => {
    onMessage = (message, socket) => {
      const failure = { status: 'failed', error: 'No such city', error_detail: { code: 7, details: [1] } };
      reply(socket, message, message.id === 'bad' ? failure : { status: 'completed', result: 1 });
    };
    const error = { code: 7, message: 'No such city', details: [1] };
    expect((await send('bad')).answer).toEqual({ status: 'failed', error });
    expect((await send('good')).answer).toEqual({ status: 'completed', result: 1 });
  });

  it('fails a call whose answer is too deep, without a time-out, and no other call', async () => {
    const deep = '['.repeat(5_000) + ']'.repeat(5_000);
    onMessage = (message, socket) => {
      if (message.id === 'fine') return;
      socket.send(`{"type":"response","id":"${message.id}","status":"success","result":${deep}}`);
      socket.send(`{"type":"response","id":"of nobody","status":"success","result":${deep}}`);
    };
    const fine = send('fine');
    const { answer } = await send('deep');
    expect(answer).toEqual({ status: 'failed', error: { code: 5000, message: expect.stringContaining('100 levels') } });
    const socket = sockets[0];
    if (socket) reply(socket, { id: 'fine' } as Message, { status: 'success', result: 1 });
    expect((await fine).answer).toEqual({ status: 'completed', result: 1 });
  });

  it('ignores answers to unknown calls, and runs into the time-out', async () => {
    onMessage = (_, socket) => {
      socket.send('nonsense');
      socket.send(Buffer.from('{"id":"e-1"}'), { binary: true });
      reply(socket, { id: 'of nobody' } as Message, { status: 'success' });
    };
    await expect(send('e-1', 0, { timeoutMs: 50 })).rejects.toMatchObject({ fault: 'timeout', sent: true });
    onMessage = (message, socket) => {
      reply(socket, message, { status: 'success' });
    };
    expect((await send('e-2')).answer.status).toBe('completed');
    expect(sockets).toHaveLength(1);
  });

  it('fails the calls under way when the connection ends, and opens another for the next', async () => {
    onMessage = (_, socket) => {
      socket.terminate();
    };
    const both = [send('e-1'), send('e-2')].map((answer) => rejection(answer));
    expect(await Promise.all(both)).toMatchObject([
      { kind: 'reset-before-answer', sent: true },
      { kind: 'reset-before-answer', sent: true },
    ]);
    onMessage = (message, socket) => {
      reply(socket, message, { status: 'success' });
    };
    expect((await send('e-3')).answer.status).toBe('completed');
  });

  it('closes a connection that it no longer keeps after the answers to the calls under way', async () => {
    const asked = new Promise<() => void>((resolve) => {
      onMessage = (message, socket) => {
        resolve(() => {
          reply(socket, message, { status: 'success', result: 'late' });
        });
      };
    });
    const call = send('e-1');
    const answer = await asked;
    const [socket] = sockets;
    const closed = new Promise((resolve) => socket?.once('close', resolve));
    // It forgets all connections, as it forgets one that was used longest ago.
    transport.onApplicationShutdown();
    answer();
    expect((await call).answer).toMatchObject({ status: 'completed', result: 'late' });
    await closed;
  });

  it('has a connection for each Skill, also where two name the same url', async () => {
    await Promise.all([send('e-1'), send('e-2', 0, {}, undefined, { ...TARGET, skillId: 'skill-2' })]);
    expect(sockets).toHaveLength(2);
    sockets[0]?.terminate();
    expect(await send('e-3', 3, {}, undefined, { ...TARGET, skillId: 'skill-2' })).toMatchObject({
      answer: { result: { n: 3 } },
    });
    expect(sockets).toHaveLength(2);
  });

  it('is refused where nobody listens, and where it may not go', async () => {
    url = 'ws://127.0.0.1:9/';
    expect(await rejection(send('e-1'))).toMatchObject({ kind: 'refused', sent: false });
    url = 'ws://10.0.0.1/';
    expect(await rejection(send('e-2'))).toMatchObject({ kind: 'forbidden', sent: false });
  });

  it('is taken back', async () => {
    onMessage = () => undefined;
    const abort = new AbortController();
    const call = send('e-1', 0, { signal: abort.signal });
    while (messages.length === 0) await new Promise(setImmediate);
    abort.abort();
    await expect(call).rejects.toThrow('cancelled');
  });
});
