import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

// The direction of imports (docs/architecture.md): a room may import only the rooms named here, and only through
// their index.ts, which is all that the aliases of package.json resolve to.
const platform = ['config', 'common'];
const rooms = {
  config: [],
  'libs/common': [],
  'libs/logging': platform,
  'libs/metrics': platform,
  'libs/scheduling': [...platform, 'logging'],
  'libs/health': platform,
  'libs/tracing': [...platform, 'logging', 'metrics'],
  'libs/json-schema': platform,
  'libs/embedded-postgres': platform,
  'libs/database': [...platform, 'logging', 'metrics', 'health', 'tracing', 'embedded-postgres'],
  'libs/cache': [...platform, 'logging', 'metrics', 'health', 'tracing'],
  'libs/outbound': [...platform, 'logging', 'metrics', 'health', 'tracing'],
  'libs/idempotency': [...platform, 'scheduling', 'database'],
  'libs/quotas': [...platform, 'metrics', 'database'],
  'libs/auth': [
    ...platform,
    'scheduling',
    'logging',
    'metrics',
    'health',
    'tracing',
    'database',
    'outbound',
    'cache',
    'quotas',
  ],
  'libs/rate-limit': [...platform, 'scheduling', 'logging', 'metrics', 'cache', 'auth'],
  'libs/skills': [
    ...platform,
    'scheduling',
    'logging',
    'metrics',
    'health',
    'database',
    'cache',
    'idempotency',
    'quotas',
    'json-schema',
    'auth',
  ],
  'libs/registry-heartbeat': [
    ...platform,
    'scheduling',
    'logging',
    'metrics',
    'health',
    'tracing',
    'database',
    'cache',
    'outbound',
    'auth',
    'skills',
  ],
  'libs/channels': [
    ...platform,
    'scheduling',
    'logging',
    'metrics',
    'health',
    'database',
    'cache',
    'idempotency',
    'quotas',
    'auth',
    'skills',
  ],
  'libs/probes': [...platform, 'scheduling', 'logging', 'metrics', 'health', 'database', 'outbound', 'auth', 'skills'],
  'libs/commands': [
    ...platform,
    'scheduling',
    'logging',
    'metrics',
    'health',
    'tracing',
    'database',
    'cache',
    'outbound',
    'quotas',
    'json-schema',
    'auth',
    'skills',
    'registry-heartbeat',
    'channels',
    'probes',
  ],
  'libs/transfer': [...platform, 'database', 'cache', 'auth', 'skills'],
  // An example to copy: it stands on its own.
  'apps/sample-skill': [],
};

const direction = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^#(?!(?:${allowed.join('|') || '-'})$)`,
            message: `${room} must not import this room: see the direction of imports in docs/architecture.md.`,
          },
          {
            regex: '^(?:\\.\\./)+(?:libs|apps|config|test)/|^\\.\\./\\.\\./[^.].*/src/',
            message: 'Other rooms are imported through their alias only.',
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '.data'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest modules are classes without members, and DI makes constructors that only assign.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // The transformer writes no design type for an inferred property: the annotation is what validation reads.
      '@typescript-eslint/no-inferrable-types': 'off',
      // Payload classes only carry decorators; an object of the same shape is one of them.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // The one place that reads the environment is config/.
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings come from #config.' },
      ],
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  ...direction,
  {
    files: ['config/**/*.ts', 'apps/sample-skill/src/settings.ts', 'test/**/*.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      // Specs use test/support, and may look at any room.
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['docs/examples/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['AbortController', 'AbortSignal', 'Buffer', 'URLSearchParams', 'fetch'].map((name) => [name, 'readonly']),
      ),
    },
  },
  prettier,
);
