import { CAPABILITIES, type Capability, ParameterError } from './capabilities.js';

/** A call of the registry (protocol.md sections 6 and 11). */
export interface Command {
  command_id: string;
  /** The registry's id of the capability, or its name. */
  capability_id?: string;
  /** The name of the capability. */
  capability?: string;
  parameters: Record<string, unknown>;
}

/** The `data` of the answer. A failure is an answer too. */
export type Outcome =
  | { status: 'completed'; result: unknown }
  | { status: 'failed'; error: string; error_detail: { code: number; message: string; details: unknown[] } };

/** How many outcomes are remembered; the oldest is forgotten first. */
const REMEMBERED = 1_000;

/**
 * Runs each command once. A registry sends a command again, with the same `command_id`, if the answer was lost; it then gets
 * the first outcome.
 */
export class Executor {
  /** Commands that were run, without repetitions. */
  executions = 0;
  failures = 0;
  /** Names of the capabilities by the registry's ids. */
  capabilityNames: ReadonlyMap<string, string> = new Map();
  private readonly outcomes = new Map<string, Outcome>();

  execute(command: Command): Outcome {
    const before = this.outcomes.get(command.command_id);
    if (before) return before;
    const outcome = this.run(command);
    this.executions += 1;
    if (outcome.status === 'failed') this.failures += 1;
    this.outcomes.set(command.command_id, outcome);
    const [oldest] = this.outcomes.keys();
    if (oldest !== undefined && this.outcomes.size > REMEMBERED) this.outcomes.delete(oldest);
    return outcome;
  }

  private run(command: Command): Outcome {
    const capability = this.capabilityOf(command);
    if (!capability) return failed(1005, 'This Skill has no such capability');
    try {
      return { status: 'completed', result: capability.run(command.parameters) };
    } catch (error) {
      if (error instanceof ParameterError) return failed(1001, error.message, [...error.faults]);
      return failed(1007, 'The capability failed');
    }
  }

  private capabilityOf({ capability_id = '', capability }: Command): Capability | undefined {
    const name = capability ?? this.capabilityNames.get(capability_id) ?? capability_id;
    return CAPABILITIES.find((each) => each.name === name);
  }
}

function failed(code: number, message: string, details: unknown[] = []): Outcome {
  return { status: 'failed', error: message, error_detail: { code, message, details } };
}
