import { transferCommandOf } from './transfer-arguments.js';

describe('the arguments of transfer-cli', () => {
  it.each([
    [['export'], { command: 'export' }],
    [['export', '--output', 'a'], { command: 'export', output: 'a' }],
    [['import', 'a'], { command: 'import', file: 'a', options: { onConflict: 'fail', dryRun: false } }],
    [
      ['import', '-', '--on-conflict', 'skip', '--dry-run'],
      { command: 'import', file: '-', options: { onConflict: 'skip', dryRun: true } },
    ],
  ])('%j are taken', (args, command) => {
    expect(transferCommandOf(args)).toEqual(command);
  });

  it.each([
    [[]],
    [['exports']],
    [['export', 'somewhere']],
    [['import']],
    [['import', 'a', 'b']],
    [['import', 'a', '--on-conflict', 'merge']],
    [['--help']],
  ])('%j are refused', (args) => {
    expect(transferCommandOf(args)).toBeUndefined();
  });
});
