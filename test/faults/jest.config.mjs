import common from '../../jest.config.mjs';

/** The scenarios alone, which are no specs: `npm test` leaves them out. */
export default {
  ...common,
  rootDir: '../..',
  roots: ['<rootDir>/test/faults'],
  testRegex: '\\.scenario\\.ts$',
  maxWorkers: 1,
  reporters: ['<rootDir>/test/faults/report/load-failures.mjs'],
};
