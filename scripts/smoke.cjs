'use strict';

// node smoke.cjs
// Loads the package as a program in the current folder would, and acts as a user who may not read a file: in a scope, in
// a flow and in a worker. It checks a tarball where the test suites do not run, needs nothing besides, and on Linux
// the right to switch users. Wine does not check access to files.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const process = require('node:process');

const { ImpersonatedWorker, Token } = createRequire(path.resolve('program.cjs'))('impersonate');

const denied = /^(?:EACCES|EPERM)$/;
// On Windows the process's user, restricted to what the null SID may do: nothing.
const someone = () =>
  process.platform === 'win32'
    ? Token.process().restrict({ restrictingSids: ['S-1-0-0'] })
    : Token.forIds({ uid: 65534, gid: 65534, groups: [] });

function codeOf(read) {
  try {
    return String(read());
  } catch (error) {
    return error.code;
  }
}

function readInWorker(file, token) {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    try { parentPort.postMessage(require('node:fs').readFileSync(workerData, 'utf8')); }
    catch (error) { parentPort.postMessage(error.code); }`;
  return new Promise((resolve, reject) => {
    const worker = new ImpersonatedWorker(program, { eval: true, token, workerData: file });
    worker.once('message', resolve).once('error', reject);
  });
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'impersonate-smoke-'));
  const file = path.join(folder, 'secret.txt');
  fs.writeFileSync(file, 'secret', { mode: 0o600 });
  const token = someone();
  try {
    const read = () => fs.readFileSync(file, 'utf8');
    assert.match(
      token.runSync(() => codeOf(read)),
      denied,
      'a scope',
    );
    const inFlow = () => fs.promises.readFile(file, 'utf8').catch(({ code }) => code);
    assert.match(await token.run(inFlow), denied, 'a flow');
    assert.match(await readInWorker(file, token), denied, 'a worker');
    assert.equal(Token.thread(), null);
    assert.equal(read(), 'secret');
  } finally {
    token.close();
    fs.rmSync(folder, { recursive: true });
  }
  console.log(`ok: ${process.platform} ${process.arch}, Node ${process.versions.node}`);
}

void main();
