/**
 * `node --import impersonate/register app.mjs`: loads `impersonate`, and so routes node:fs, before any other module can
 * take functions of node:fs. Without it, node:fs is routed from the first load of `impersonate` on.
 *
 * Inside a flow or scope
 *
 * - synchronous functions run on this thread as the user (as in `runSync`). Functions with a callback or a promise and
 *   the streams run as in `impersonate/fs`. Arguments, results and errors are node's;
 * - an open descriptor can be read and written by every identity; fchmod, fchown and futimes run as the user;
 * - `glob` completes its search before it returns; `watch` cannot be recursive; `watchFile`, `openAsBlob` and
 *   `Utf8Stream` throw `ERR_NOT_ROUTED`, and so do functions of later versions of node, unless they are synchronous;
 * - `process.loadEnvFile()` acts as the user; `node:sqlite`, `node:wasi` and `module.enableCompileCache()` open no path;
 * - `require()` loads and runs modules as the process. `import()` loads modules as the process and runs them in the flow
 *   that imported them first.
 *
 * Outside of flows and scopes the functions of node:fs work as in node, after one check for a token. Programs that
 * child_process starts (which prints a warning once), sockets, and threads of native addons are not routed.
 *
 * @module
 */
import { deferred } from './internal/deferred';
import './index';

deferred().followImports();
