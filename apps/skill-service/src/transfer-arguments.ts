import { parseArgs } from 'node:util';
import { CONFLICT_MODES, type ConflictMode, type ImportOptions } from '#transfer';

export const TRANSFER_USAGE = `transfer-cli export [--output FILE]
       transfer-cli import FILE|- [--on-conflict fail|skip|replace] [--dry-run]`;

export type TransferCommand =
  { command: 'export'; output: string | undefined } | { command: 'import'; file: string; options: ImportOptions };

/** Reads the command line; undefined if it is not a valid command. */
export function transferCommandOf(args: string[]): TransferCommand | undefined {
  const { positionals, values } = parsed(args) ?? { positionals: [] };
  const [command, file, ...others] = positionals;
  if (values === undefined || others.length > 0) return undefined;
  if (command === 'export' && file === undefined) return { command, output: values.output };
  const onConflict = CONFLICT_MODES.find((mode): mode is ConflictMode => mode === values['on-conflict']);
  if (command !== 'import' || file === undefined || onConflict === undefined) return undefined;
  return { command, file, options: { onConflict, dryRun: values['dry-run'] } };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { type: 'string' },
        'on-conflict': { type: 'string', default: 'fail' },
        'dry-run': { type: 'boolean', default: false },
      },
    });
  } catch {
    // No such option.
    return undefined;
  }
}
