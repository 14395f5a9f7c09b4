import common from '../../jest.config.mjs';

/** Runs only the scenarios; they are not specs, so `npm test` does not run them. */
export default {
  ...common,
  rootDir: '../..',
  roots: ['<rootDir>/test/faults'],
  testRegex: '\\.scenario\\.ts$',
  maxWorkers: 1,
  reporters: ['<rootDir>/test/faults/report/load-failures.mjs'],
};
