'use strict';

require('reflect-metadata');
module.exports = { ...require('@nestjs/common'), ...require('@nestjs/core') };
