// node examples/runner/service.mjs ADDRESS FOLDER
// A job runner: runs scripts of FOLDER/USER as that user, and sends what they print as server-sent events. It runs as root or
// LocalSystem. Who sends a request is known by the other end of the socket or pipe: no password, and no header to forge.
//   POST /jobs/NAME    starts the script NAME.mjs of the user; events: started, stdout, stderr, exit, error
//   DELETE /jobs/ID    ends a job of the user, with all that it has started
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { createPeerServer, lookupAccount } from 'impersonate';

const [address, folder] = process.argv.slice(2);
const access = process.platform === 'win32' ? { allow: ['interactive'] } : { mode: 0o666 };
const maxJobs = 4;
/** The jobs that run: { child, user }. */
const jobs = new Map();

/** Sends an error as JSON. */
function fail(response, status, code) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: code }));
}

/** Runs a script as the user of the token, until it ends or the client disconnects. */
function run(token, home, name, response) {
  const user = token.user.id;
  if ([...jobs.values()].filter((job) => job.user === user).length >= maxJobs)
    return fail(response, 429, 'TOO_MANY_JOBS');
  const id = randomUUID();
  const child = token.spawn(process.execPath, [path.join(home, `${name}.mjs`)], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A signal ends what the script has started, too.
    tree: true,
    timeout: 60_000,
    killSignal: 'SIGKILL',
    ...(process.platform === 'linux' && { limits: { nofile: 256, core: 0 } }),
  });
  jobs.set(id, { child, user });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  send('started', { id });
  // These listeners run as the service, since it called spawn().
  for (const stream of ['stdout', 'stderr'])
    child[stream].setEncoding('utf8').on('data', (text) => send(stream, text));
  child.once('error', ({ code }) => send('error', { code }));
  child.once('close', (code, signal) => {
    jobs.delete(id);
    send('exit', { code, signal });
    response.end();
  });
  response.once('close', () => child.kill('SIGKILL'));
}

/** Ends a job. Users see and end their own jobs only. */
function cancel(token, id, response) {
  const job = jobs.get(id);
  if (job?.user !== token.user.id) return fail(response, 404, 'NO_SUCH_JOB');
  job.child.kill('SIGKILL');
  response.writeHead(204).end();
}

const tokens = new WeakMap();
const server = http.createServer(async (request, response) => {
  const token = tokens.get(request.socket);
  const [, name] = /^\/jobs\/([\w-]+)$/.exec(request.url) ?? [];
  if (name === undefined) return fail(response, 404, 'BAD_PATH');
  if (request.method === 'DELETE') return cancel(token, name, response);
  if (request.method !== 'POST') return fail(response, 405, 'BAD_METHOD');
  const account = await lookupAccount(token.user);
  if (account) return run(token, path.join(folder, account.name), name, response);
  return fail(response, 403, 'NO_ACCOUNT');
});

const peers = createPeerServer({ ...access, maxConnections: 100 }, (socket, token) => {
  tokens.set(socket, token);
  server.emit('connection', socket);
});
await peers.listen(address);
process.once('SIGTERM', () => {
  peers.close();
  for (const { child } of jobs.values()) child.kill('SIGKILL');
});
console.log('listening');
