import { createServer, Agent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../support/until.js';
import { SkillRecord } from '../history/skill-record.js';
import { type Shown, stampedSkill } from '../history/stamped-skill.js';
import { Violations } from '../history/violations.js';
import { Client } from './client.js';
import { Reader } from './reader.js';

/** A registry that answers one Skill with the change that the test sets. */
describe('a reader', () => {
  let server: Server;
  let base: string;
  let shown: object;

  beforeAll(async () => {
    server = createServer((_, response) => response.end(JSON.stringify(shown)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  async function violationsWhen(changes: object[], answeredAt: number, by?: string): Promise<string[]> {
    const record = new SkillRecord('history-read');
    record.id = 'an-id';
    record.attempts.push({ change: 2, verdict: 'acknowledged', by, answeredAt });
    const violations = new Violations();
    shown = changes[0] ?? {};
    const reader = new Reader(new Client(base, '', new Agent()), [record], violations);
    for (const change of changes) {
      const before = reader.checked;
      shown = change;
      // The request in flight may have read the last change.
      await until(() => reader.checked >= before + 2);
    }
    await reader.stop();
    return violations.told.map((told) => told.replace(/:.*/s, ''));
  }

  const now = (): number => performance.now();
  const [first, second] = [stampedSkill('history-read', 1), stampedSkill('history-read', 2)] as [object, object];

  it('accepts a write that another replica has just acknowledged, and no old data', async () => {
    expect(await violationsWhen([first, second], now(), 'another')).toEqual([]);
    expect(await violationsWhen([first], now() - 26_000, 'another')).toEqual(['older than 25 s']);
  });

  it('finds a replica that goes back, forgets its own write, or shows half of one', async () => {
    expect(await violationsWhen([second, first], now(), 'another')).toEqual(['went back']);
    expect(await violationsWhen([first], now() - 1, base)).toEqual(['own write not seen']);
    const { metadata } = first as Shown;
    expect(await violationsWhen([{ ...second, metadata }], now(), 'another')).toEqual(['half-done']);
  });
});
