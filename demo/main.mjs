// node demo/main.mjs [USER USER]
// Two users and a service share a folder. A portal serves it to many concurrent requests of both users, in several
// ways. Prints which access each user got, and compares it with what the kernel must decide. The exit code is 1 if
// one differs.
import process from 'node:process';
import { lookupAccount, Token } from 'impersonate';
import { createPlainPortal } from './contrast.mjs';
import { createFlowPortal } from './flow-portal.mjs';
import { createPortal, createPromisesPortal } from './portal.mjs';
import { sendAll, withServer } from './requests.mjs';
import { printTable } from './table.mjs';

const times = 50;
const { makeWorld } = await import(`./world-${process.platform}.mjs`);
const world = await makeWorld(process.argv.slice(2));
const tokens = new Map(world.users.map(({ name, token }) => [name, token]));
const settings = { ...world, tokenOf: (request) => tokens.get(request.headers['x-user']) };
const wrong = [];

const asUser = (user) => ({ is: user.is, reads: (file) => file.readers.includes(user.name) });
const asService = () => ({ is: world.serviceIs, reads: (file) => file.service });

console.log(`Each cell below is the result of ${times} requests, interleaved with those of all users.\n`);
await show('As the user: the file is read in a scope', createPortal(settings), asUser);
await show(
  'As the user: the request is a flow that awaits impersonate/fs',
  createFlowPortal(settings),
  asUser,
);
if (world.files.length > 0)
  await show('As the user: fs.promises, started in a scope', createPromisesPortal(settings), asUser);
await show('The same requests without impersonation', createPlainPortal(settings), asService);
if (world.ownerOf) await withServer(createPortal(settings), showUploads);
for (const note of world.notes ?? []) console.log(note);
for (const line of wrong) console.log(`WRONG: ${line}`);
if (wrong.length > 0) process.exitCode = 1;
console.log(`this thread runs as: ${await nameOf(Token.thread() ?? Token.process())}`);

async function show(title, server, expect) {
  const names = ['whoami', ...world.files.map(({ name }) => name)];
  const requests = world.users.flatMap((user) => names.map((name) => ({ user, name })));
  const sent = requests.map(({ user, name }) => ({ user: user.name, name }));
  const responses = await withServer(server, (send) => sendAll(send, sent, times));
  const cells = requests.map(({ user, name }, index) =>
    check(title, user, name, responses[index], expect(user)),
  );
  const rows = world.users.map((user, row) => [
    user.name,
    ...cells.slice(row * names.length, (row + 1) * names.length),
  ]);
  console.log(title);
  printTable([['request of', 'thread is', ...names.slice(1)], ...rows]);
  console.log();
}

/** Returns the cell for a response, and records an error unless it is the only one that the kernel may give. */
function check(title, user, name, response, expected) {
  const file = world.files.find((candidate) => candidate.name === name);
  const content = `the file ${name}`;
  const required = file ? (expected.reads(file) ? content : '403') : expected.is;
  if (response !== required)
    wrong.push(`${title}: ${user.name} requested ${name}: got ${response}, must be ${required}`);
  if (response === content) return 'allowed';
  return response === '403' ? 'denied' : response;
}

/** Uploads a file as each user, and checks that the user owns it. */
async function showUploads(send) {
  const uploads = world.users.map(async ({ name, is }) => {
    const file = `upload-of-${name}.txt`;
    const { status } = await send(name, 'PUT', file, 'hello');
    const owner = world.ownerOf(file);
    if (status !== 201 || (world.ownerOf && !is.startsWith(`${owner} `)))
      wrong.push(`${file}: ${status}, ${owner}`);
    return [name, String(status), owner];
  });
  console.log('Uploads, written in a scope');
  printTable([['request of', 'status', 'file belongs to'], ...(await Promise.all(uploads))]);
  console.log();
}

async function nameOf(token) {
  const account = await lookupAccount(token.user);
  return account?.name ?? token.user.id;
}
