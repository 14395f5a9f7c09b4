import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Violations } from './history/violations.js';

/** A promise of the service, and the fault that tests it. */
export interface Terms {
  name: string;
  promise: string;
  fault: string;
  /** Seconds; a scenario that takes longer has broken its promise. */
  withinS: number;
}

export interface Outcome extends Terms {
  result: 'kept' | 'broken' | 'not run';
  figures: Record<string, number>;
  /** Why it was not run, what broke, and other remarks. */
  notes: string[];
  seconds: number;
}

/** This machine cannot run the scenario, so the promise was not tested. */
export class NotRunError extends Error {}

/** The results of one scenario, and what it must close at its end. */
export class Findings {
  readonly violations = new Violations();
  readonly figured: Record<string, number> = {};
  readonly notes: string[] = [];
  private readonly closers: (() => unknown)[] = [];

  figures(values: Record<string, number>): void {
    Object.assign(this.figured, values);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Runs when the scenario ends, with or without an error; the last one first. */
  atEnd(close: () => unknown): void {
    this.closers.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}

/** Milliseconds after the time limit in which a scenario stops its servers. */
const CLOSE_WITHIN_MS = 60_000;

/** Defines a test for one fault. Its outcome is printed, and stored for the table in the folder FAULTS_OUTCOMES. */
export function scenario(terms: Terms, run: (findings: Findings) => Promise<void>): void {
  it(
    terms.name,
    async () => {
      const findings = new Findings();
      const began = performance.now();
      const bound = new AbortController();
      let result: Outcome['result'] = 'kept';
      try {
        await Promise.race([run(findings), late(terms.withinS, bound.signal)]);
      } catch (error) {
        result = error instanceof NotRunError ? 'not run' : 'broken';
        findings.note(error instanceof NotRunError ? error.message : String((error as Error).stack ?? error));
      } finally {
        bound.abort();
      }
      if (findings.violations.told.length > 0) result = 'broken';
      await findings.close().catch((error: unknown) => {
        result = 'broken';
        findings.note(`not put away: ${String(error)}`);
      });
      const notes = [...findings.violations.told, ...findings.notes];
      const seconds = (performance.now() - began) / 1000;
      const outcome: Outcome = { ...terms, result, figures: findings.figured, notes, seconds };
      tell(outcome);
      if (result === 'broken') throw new Error(notes.join('\n'));
    },
    terms.withinS * 1000 + CLOSE_WITHIN_MS,
  );
}

async function late(seconds: number, signal: AbortSignal): Promise<never> {
  await delay(seconds * 1000, undefined, { signal });
  throw new Error(`It took longer than ${seconds} s`);
}

function tell(outcome: Outcome): void {
  const { name, promise, fault, result, figures, notes } = outcome;
  const shown = Object.entries(figures).map(([figure, value]) => `${figure} ${Number(value.toFixed(2))}`);
  process.stdout.write(
    `${name}: ${promise} | ${fault} | ${result.toUpperCase()}: ${[...shown, ...notes].join(', ')}\n`,
  );
  const folder = process.env.FAULTS_OUTCOMES;
  if (folder !== undefined) writeFileSync(join(folder, `${name}.json`), JSON.stringify(outcome));
}
