// A program for bundlers, with each entry point of the package, and a file for its threads. Each prints or posts lines
// that must end in `ok`.
const load = {
  cjs: (names, from) => `const ${names} = require('${from}');\n`,
  esm: (names, from) => `import ${names.replaceAll(': ', ' as ')} from '${from}';\n`,
};
const bare = {
  cjs: (from) => `require('${from}');\n`,
  esm: (from) => `import '${from}';\n`,
};

// The names are those of the sources.
const thread = `
const code = (read) => Promise.resolve().then(read).then(() => 'read', (error) => error.code);
const routed = await code(() => fs.promises.readFile('/etc/shadow'));
const own = await code(() => readFile('/etc/shadow'));
const sync = await code(() => fs.readFileSync('/etc/shadow'));
const user = Token.current()?.user.id;
const ok = user === '1' && [routed, own, sync].every((one) => one === 'EACCES');
parentPort.postMessage(\`\${user} \${routed} \${own} \${sync} \${workerData} \${typeof globalThis.require} \${ok && workerData === 7 ? 'ok' : 'wrong'}\`);
`;

const program = `
const folder = path.dirname(process.argv[1]);
const file = path.join(folder, 'thread' + path.extname(process.argv[1]));
const code = "const { parentPort } = require('node:worker_threads');" +
  "require('node:fs').readFile('/etc/shadow', (error) => { parentPort.postMessage(error?.code + (error?.code === 'EACCES' ? ' ok' : ' wrong')); });";
const inThread = (first, options) => new Promise((resolve, reject) => {
  new ImpersonatedWorker(first, options).once('message', resolve).once('error', reject);
});
const token = await Token.forUser('daemon');
const failure = (read) => { try { return read(), 'read'; } catch (error) { return error.code; } };
const scope = token.runSync(() => failure(() => fs.readFileSync('/etc/shadow')));
const flow = await token.run(() => fs.promises.readFile('/etc/shadow').then(() => 'read', (error) => error.code));
const own = await token.run(() => readFile('/etc/shadow').then(() => 'read', (error) => error.code));
console.log('scope and flow', scope, flow, own, [scope, flow, own].every((one) => one === 'EACCES') && OtherToken === Token ? 'ok' : 'wrong');
console.log('worker of code', await inThread(code, { eval: true, token }));
console.log('worker of a file', await inThread(file, { token, workerData: 7 }));
const read = 'import fs from "node:fs"; export default (file) => fs.promises.readFile(file).then(() => "read", (error) => error.code)';
const workers = new UserWorkers(new URL('data:text/javascript,' + encodeURIComponent(read)));
const task = await workers.run(token, '/etc/shadow');
await workers.close();
console.log('task of a user', task, task === 'EACCES' ? 'ok' : 'wrong');
token.close();
`;

function source(format, body, imports) {
  const head = imports
    .map(([names, from]) => (names ? load[format](names, from) : bare[format](from)))
    .join('');
  return head + (format === 'cjs' ? `(async () => {${body}})();\n` : body);
}

const extensions = { cjs: '.cjs', esm: '.mjs' };

// The files of the program in a format, by their names.
export const bundledProgram = (format) => ({
  [`program${extensions[format]}`]: source(format, program, [
    [undefined, 'impersonate/register'],
    ['fs', 'node:fs'],
    ['path', 'node:path'],
    ['{ ImpersonatedWorker, Token, UserWorkers }', 'impersonate'],
    ['{ readFile }', 'impersonate/fs'],
    [undefined, 'impersonate/http'],
    [undefined, 'impersonate/postgres'],
    ['{ Token: OtherToken }', 'impersonate/unrouted'],
  ]),
  [`thread${extensions[format]}`]: source(format, thread, [
    ['fs', 'node:fs'],
    ['{ parentPort, workerData }', 'node:worker_threads'],
    ['{ Token }', 'impersonate'],
    ['{ readFile }', 'impersonate/fs'],
  ]),
});
