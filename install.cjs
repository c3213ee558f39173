'use strict';

// The first half of the install script: succeeds if a binary of the package loads here, so that nothing is compiled.
// `npm_config_build_from_source=true` has the addon compiled all the same.
const fromSource = /^(?:true|1|impersonate)$/.test(process.env.npm_config_build_from_source ?? '');
let fits = false;
if (!fromSource) {
  try {
    require('./dist/core.js');
    fits = true;
  } catch {
    // There is none, or it is the repository itself.
  }
}
process.exitCode = fits ? 0 : 1;
