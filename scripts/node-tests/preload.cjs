// node --require preload.cjs TEST, with IMPERSONATE_NODE_TEST = { mode, root, startsAsUser, uid, gid, groups } (JSON)
// Runs one of Node's own test files as the user: its main module in a flow, or in a scope. The programs that it starts are
// the user's (`startsAsUser`), or the process's: then those of this node are run in the same way, by NODE_OPTIONS.
const childProcess = require('node:child_process');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { isMainThread } = require('node:worker_threads');

/** Runs a CommonJS file. require() would run it as the process, because modules do not belong to a user. */
function runScript(file) {
  const module = new Module(file, null);
  Object.assign(module, { id: '.', filename: file, paths: Module._nodeModulePaths(path.dirname(file)) });
  process.mainModule = module;
  Module._cache[file] = module;
  module._compile(readFileSync(file, 'utf8'), file);
}

const starters = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];

/** Calls functions of an object as the errors of flows and scopes advise to for what acts on the whole process. */
function callWithoutToken(withoutToken, object, names) {
  for (const name of names) {
    object[name] = new Proxy(object[name], {
      apply: (target, receiver, args) => withoutToken(() => Reflect.apply(target, receiver, args)),
    });
  }
}

/** The functions of the token in the place of node's. */
function useMethodsOf(token) {
  for (const name of starters) {
    const method = token[name];
    childProcess[name] = name === 'exec' || name === 'execFile' ? method : method.bind(token);
  }
}

/** Programs of the user run as they are, without this file. */
function forgetSettings() {
  delete process.env.NODE_OPTIONS;
  delete process.env.IMPERSONATE_NODE_TEST;
}

/** Handlers of the process's events act as the process, but those of a test look at the user's files. */
function bindExitHandlers(token) {
  for (const name of ['on', 'once']) {
    const original = process[name];
    process[name] = (event, handler) =>
      Reflect.apply(original, process, [event, event === 'exit' ? token.bind(handler) : handler]);
  }
}

function prepare({ mode, root, startsAsUser, ...ids }) {
  const { Token, withoutToken } = require(root);
  const token = Token.forIds(ids);
  // Tests for root differ, or are skipped.
  process.getuid = process.geteuid = () => ids.uid;
  process.getgid = process.getegid = () => ids.gid;
  callWithoutToken(withoutToken, process, ['chdir', 'umask']);
  if (startsAsUser) forgetSettings();
  else callWithoutToken(withoutToken, childProcess, starters);
  if (mode === 'token') useMethodsOf(token);
  Module.syncBuiltinESMExports();
  if (mode !== 'sync') bindExitHandlers(token);
  const file = path.resolve(process.argv[1]);
  const isScript = file.endsWith('.js');
  Module.runMain = () => {
    if (mode !== 'sync') token.run(() => (isScript ? runScript(file) : import(pathToFileURL(file))));
    else if (isScript) token.runSync(runScript, file);
    else console.log('1..0 # Skipped: an ES module runs when the scope is over');
  };
}

if (isMainThread && process.argv[1]) prepare(JSON.parse(process.env.IMPERSONATE_NODE_TEST));
