import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    ...['AbortController', 'AbortSignal', 'Buffer', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams'],
    ...['clearImmediate', 'clearInterval', 'clearTimeout', 'console', 'fetch', 'performance', 'process'],
    ...['queueMicrotask', 'setImmediate', 'setInterval', 'setTimeout', 'structuredClone'],
  ].map((name) => [name, 'readonly']),
);
const commonJsGlobals = Object.fromEntries(
  ['__dirname', '__filename', 'exports', 'module', 'require'].map((name) => [name, 'readonly']),
);

// A `using` declaration is used by being there; a leading underscore says that a parameter is not.
const unused = {
  args: 'all',
  argsIgnorePattern: '^_',
  caughtErrors: 'all',
  caughtErrorsIgnorePattern: '^_',
  ignoreUsingDeclarations: true,
};

export default defineConfig(
  globalIgnores([
    'build/',
    'build-*/',
    'dist/',
    'dist-test/',
    '.rig/',
    '**/node_modules/',
    'test/native/**/build*/',
    'site/build/',
    // They need NestJS and tRPC.
    'examples/declarative/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-unused-vars': ['error', unused],
    },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    languageOptions: { ecmaVersion: 2024, globals: nodeGlobals },
  },
  { files: ['benchmarks/scopes/native-using.mjs'], languageOptions: { ecmaVersion: 2026 } },
  {
    files: ['**/*.{cjs,js}'],
    languageOptions: { sourceType: 'commonjs', globals: commonJsGlobals },
  },
  {
    files: ['**/*.{ts,mts}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-unused-vars': 'off',
      '@typescript-eslint/no-unused-vars': ['error', unused],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions'] }],
      // It asks for the `!` that no-non-null-assertion forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowAny: false, allowNullish: false },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': 'off', // how CommonJS loads a native addon
      '@typescript-eslint/only-throw-error': 'off', // whatever a callback throws must come through
      '@typescript-eslint/unbound-method': 'off', // expect(object.method)
    },
  },
  // Docstrings of public names are as long as their examples, which are not counted.
  { files: ['lib/**'], rules: { 'max-lines': ['error', { max: 300, skipComments: true }] } },
);
