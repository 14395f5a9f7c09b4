import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../support/service-api.js';
import { answerTo, BINARY, flood, frame, PING, SocketSkill, TEXT } from '../support/socket-skill.js';
import type { Client } from './load/client.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const CALM_MS = 4_000;
const FLOOD_MS = 20_000;
/** Milliseconds between two calls of each Skill: more often than once a minute, which would be enough to keep a flood going. */
const CALL_EVERY_MS = 500;
const READ_EVERY_MS = 20;
/** How many times longer others may wait, beyond the waits of a busy machine. */
const MOST_RATIO = 4;
const LEAST_MS = 10;
/** Network buffers for data that is sent and never read, in bytes. */
const MOST_MIB = 32;

/** Connections: one until the Skill gets no calls; if only the close comes, until the circuit opens, and one with each try of it. */
const MOST_CONNECTIONS = 10;

/** What each Skill sends endlessly when it is called. */
const FLOODS: Record<string, (id: string) => Buffer> = {
  messages: () => frame(TEXT, 'x'),
  binary: () => frame(BINARY, 'x'),
  pings: () => frame(PING),
  farewells: () => Buffer.concat([frame(0x88), Buffer.alloc(2 ** 20)]),
  fragments: () => Buffer.concat([frame(0x01), Buffer.alloc(2 ** 20, frame(0x00))]),
  json: () =>
    frame(
      TEXT,
      answerTo(
        'nobody',
        Array.from({ length: 20_000 }, (_, n) => ({ n })),
      ),
    ),
  answers: (id) => frame(TEXT, answerTo(id)),
  named: (id) => frame(TEXT, JSON.stringify({ result: { id, all: 'x'.repeat(50_000) } })),
};

scenario(
  {
    name: 'skill-floods',
    promise: `each is cut off after a bounded number of bytes and then gets no calls, and reads of others take at most ${MOST_RATIO} times as long`,
    fault: `${Object.keys(FLOODS).length} WebSocket Skills send endlessly when they are called, every ${CALL_EVERY_MS} ms: messages of a byte, large JSON, pings, fragments, answers again and again`,
    withinS: 150,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, {
      env: { OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8', PROBE_INTERVAL: '0' },
    });
    const [{ url } = { url: '' }] = site.services;
    const client = site.clientOf(url);
    const skills = await Promise.all(
      Object.entries(FLOODS).map(async ([name, part]) => {
        const skill = await SocketSkill.start();
        findings.atEnd(() => {
          skill.stop();
        });
        skill.onInvocation = ({ id }, _, stream) => {
          stream.on('error', () => undefined);
          void flood(stream, part(id));
        };
        const [version, capabilities] = ['1.0.0', [{ name: 'flood' }]];
        const body = { name: `flood-${name}`, version, endpoints: [{ url: skill.url }], capabilities };
        if ((await client.ask('skills', { body }))?.status !== 201) throw new Error(`${name} is not registered`);
        return { name, skill };
      }),
    );
    const calm = await readFor(client, CALM_MS);
    const stop = new AbortController();
    const callers = skills.map(({ name }, index) => keepCalling(`flood-${name}`, index, stop.signal));
    const flooded = await readFor(client, FLOOD_MS);
    stop.abort();
    const calls = (await Promise.all(callers)).reduce((sum, count) => sum + count, 0);
    const mib = skills.map(
      ({ skill }) => skill.sockets.reduce((sum, { stream }) => sum + stream.bytesWritten, 0) / 2 ** 20,
    );
    for (const [index, { name, skill }] of skills.entries()) {
      const [connections, open] = [
        skill.sockets.length,
        skill.sockets.filter(({ stream }) => !stream.destroyed).length,
      ];
      if (skill.invocations === 0) findings.violations.add('never called', name);
      if (connections > MOST_CONNECTIONS || open > 0)
        findings.violations.add('not left alone', `${name}: ${connections}, ${open} open`);
      if ((mib[index] ?? 0) > MOST_MIB) findings.violations.add('read too much', `${name}: ${mib[index]} MiB`);
    }
    for (const share of ['median', 'p95', 'p99'] as const) {
      const ratio = flooded[share] / Math.max(calm[share], LEAST_MS);
      if (ratio > MOST_RATIO)
        findings.violations.add('others wait', `${share}: ${flooded[share]} ms, ${calm[share]} before`);
      findings.figures({ [`${share} ms before`]: calm[share], [`${share} ms`]: flooded[share] });
    }
    findings.figures({ calls, 'most MiB sent': Math.max(...mib) });
    site.expectNothingFailed();
    await site.check();

    async function keepCalling(skill: string, index: number, signal: AbortSignal): Promise<number> {
      let count = 0;
      for (; !signal.aborted; count += 1) {
        const body = {
          command_id: `flood-${index}-${count}`,
          skill,
          capability: 'flood',
          parameters: {},
          timeout: 5_000,
        };
        await client.ask('commands/execute', { body });
        await delay(CALL_EVERY_MS);
      }
      return count;
    }
  },
);

/** Milliseconds that /livez and a read take together: median, p95 and p99. */
async function readFor(client: Client, ms: number): Promise<{ median: number; p95: number; p99: number }> {
  const took: number[] = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const began = performance.now();
    await call(`${client.base}/livez`);
    await client.ask('skills?limit=1');
    took.push(performance.now() - began);
    await delay(READ_EVERY_MS);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? Infinity;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99) };
}
