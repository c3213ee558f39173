// Programs as a user of the package writes them. Each prints one line, which must end in `ok`.
const who = "fs.readFileSync('/proc/thread-self/status', 'utf8').match(/^Uid:\\s+\\d+\\s+(\\d+)/m)[1]";

export const samples = {
  'scope.cjs': `const fs = require('node:fs');
const { Token } = require('impersonate');
Token.forUser('daemon').then((token) => {
  const inside = token.runSync(() => ${who});
  console.log('scope', inside, ${who}, inside === '1' && ${who} === '0' ? 'ok' : 'wrong');
  token.close();
});
`,
  'flow.mjs': `import fs from 'node:fs';
import { ImpersonationError, Token } from 'impersonate';
import { readFile } from 'impersonate/fs';
const token = await Token.forUser('daemon');
const outcome = await token.run(() => fs.promises.readFile('/etc/shadow').then(() => 'read', ({ code }) => code));
const again = await token.run(() => readFile('/etc/shadow').then(() => 'read', ({ code }) => code));
token.close();
let code = '';
try { Token.claim('none'); } catch (error) { code = error instanceof ImpersonationError ? error.code : 'another'; }
console.log('flow', outcome, again, code, outcome === 'EACCES' && again === 'EACCES' && code === 'ERR_TICKET_INVALID' ? 'ok' : 'wrong');
`,
  'registered.cjs': `const { readFile } = require('node:fs');
const { Token } = require('impersonate');
Token.forUser('daemon').then((token) => token.run(() => {
  readFile('/etc/shadow', (error) => console.log('registered', error?.code, error?.code === 'EACCES' ? 'ok' : 'wrong'));
}));
`,
  'worker.mjs': `import { ImpersonatedWorker, Token } from 'impersonate';
const token = await Token.forUser('daemon');
const worker = new ImpersonatedWorker(
  "require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/status', 'utf8').match(/^Uid:\\\\s+\\\\d+\\\\s+(\\\\d+)/m)[1])",
  { eval: true, token },
);
worker.on('message', (uid) => console.log('worker', uid, uid === '1' ? 'ok' : 'wrong'));
token.close();
`,
  'copies.mjs': `import { createRequire } from 'node:module';
import { Token } from 'impersonate';
const same = createRequire(import.meta.url)('impersonate').Token === Token;
console.log('copies', same ? 'ok' : 'wrong');
`,
};

// The arguments of node that a sample needs besides.
export const sampleArgs = { 'registered.cjs': ['--import', 'impersonate/register'] };

// Where the package has no binary that fits.
export const withoutBinary = `let found = new Error('loaded');
try { require('impersonate'); } catch (error) { found = error; }
const words = ['linux ' + process.arch, 'npx node-gyp rebuild', 'do not run install scripts'];
const complete = found.code === 'ERR_ADDON_NOT_FOUND' && words.every((text) => found.message.includes(text));
console.log(found.code, found.message.split('\\n')[0], complete ? 'ok' : 'wrong');
`;

// Compiled with each of TypeScript's resolutions.
export const typed = `import { Token, type Impersonation } from 'impersonate';
import { declare, operation, type OperationDecorator } from 'impersonate/declarative';
import { authenticate } from 'impersonate/http';
import { gssStream } from 'impersonate/postgres';
import { readFile } from 'impersonate/fs';
class Files {
  read(name: string): Promise<string> {
    return readFile(name, 'utf8');
  }
}
const files = declare(new Files(), { operations: { read: 'required' } });
// node has no syntax for decorators.
const decorator: OperationDecorator = operation('required');
void decorator;
export async function main(): Promise<string> {
  using token = await Token.forUser('daemon');
  {
    using scope: Impersonation = token.impersonate();
    void scope;
  }
  void authenticate;
  void gssStream;
  return token.run(() => files.read('/etc/passwd'));
}
console.log('typed', (await main()).includes('daemon') ? 'ok' : 'wrong');
`;
export const resolutions = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];
