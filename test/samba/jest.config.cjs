'use strict';

// The tests against a domain controller, which scripts/test-samba.mjs runs beside one. They do not act as users:
// their servers are separate processes.
module.exports = {
  ...require('../jest.config.cjs'),
  testMatch: ['**/dist-test/samba/*.test.js'],
  setupFilesAfterEnv: [],
};
