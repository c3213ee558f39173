'use strict';

const path = require('node:path');

const root = path.resolve(__dirname, '..');
const port = process.platform === 'win32' ? 'win32' : 'linux';

// Runs the compiled tests: the contract suite and what only this system's port has.
module.exports = {
  rootDir: root,
  roots: ['<rootDir>/dist-test'],
  testMatch: [`**/dist-test/{contract,${port}}/**/*.test.js`],
  testEnvironment: 'node',
  transform: {},
  // For what nothing else ends. How long a test takes is the machine's business: a child that makes no progress is ended by
  // test/support/children/progress.ts, which waits for others with a limit of its own.
  testTimeout: 3_600_000,
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^impersonate$': '<rootDir>/dist/index.js',
    '^impersonate/(.*)$': '<rootDir>/dist/$1.js',
  },
  setupFilesAfterEnv: ['<rootDir>/dist-test/support/setup.js'],
  modulePathIgnorePatterns: ['<rootDir>/\\.rig/', '<rootDir>/build[^/]*/'],
  watchman: false,
};
