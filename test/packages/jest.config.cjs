'use strict';

// The tests of other people's packages in several versions, which are installed in this folder.
module.exports = {
  ...require('../jest.config.cjs'),
  testMatch: ['**/dist-test/packages/*.test.js'],
};
