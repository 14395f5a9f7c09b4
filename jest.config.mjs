/** @type {import('jest').Config} */
export default {
  rootDir: '.',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/config', '<rootDir>/test'],
  testEnvironment: 'node',
  testRegex: '\\.spec\\.ts$',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^#config$': '<rootDir>/config/index.ts',
    '^#([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // @fastify/static (Swagger UI) requires this ES module, which Node can and Jest cannot: it becomes CommonJS here.
  transformIgnorePatterns: ['/node_modules/(?!content-disposition/)'],
  transform: {
    'node_modules/content-disposition/.+\\.js$': ['@swc/jest', { module: { type: 'commonjs' } }],
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Twice the cores of a small machine: most tests wait half of their time (docs/adr/0035).
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/bundles/sequencer.mjs',
  // ES modules of a spec stay in memory after it (nodejs/node#59118): looking for garbage in 4 GB took half of the time.
  workerIdleMemoryLimit: '1GB',
  // For machines that are slow or busy: some tests run a command several times.
  testTimeout: 60_000,
};
