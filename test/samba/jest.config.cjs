'use strict';

// The tests against a domain controller, which scripts/test-samba.mjs runs beside one. They act as nobody: their servers
// are processes of their own.
module.exports = {
  ...require('../jest.config.cjs'),
  testMatch: ['**/dist-test/samba/*.test.js'],
  setupFilesAfterEnv: [],
};
