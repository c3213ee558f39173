/**
 * `node --import impersonate/register app.mjs`: has `impersonate` loaded, and node:fs routed, before any other module
 * can take functions out of node:fs. Without it that is so from the first load of `impersonate` on.
 *
 * Inside a flow or scope
 *
 * - synchronous functions run on this thread as the user (`runSync`), those with a callback or a promise and the
 *   streams as `impersonate/fs` does, with node's own arguments, results and errors;
 * - descriptors are read and written by whoever has them, whereas fchmod, fchown and futimes act as the user;
 * - `glob` finds everything before it returns; `watch` is not recursive; `watchFile`, `promises.watch`, `openAsBlob`
 *   and `Utf8Stream` throw ERR_FS_NOT_ROUTED, and so does what a later version of node adds;
 * - `require()` loads and runs modules as the process; `import()` loads them as the process, and runs them in the flow
 *   that asked first.
 *
 * Outside, node:fs does what it always did, after one look at whether there is a token. Not routed are programs that
 * child_process starts (a warning says so once), sockets, and what native addons do on threads of their own.
 */
import './index';
