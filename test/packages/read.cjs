'use strict';

const fs = require('node:fs');

module.exports = (file) => fs.promises.readFile(file, 'utf8');
