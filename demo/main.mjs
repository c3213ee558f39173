// node demo/main.mjs [USER USER]
// Two users and a service share a folder. A portal serves it to many concurrent requests of both, in several ways;
// what each was allowed is printed and compared with what the kernel must decide. Ends with 1 if any answer differs.
import process from 'node:process';
import { lookupAccount, Token } from 'impersonate';
import { createPlainPortal } from './contrast.mjs';
import { createFlowPortal } from './flow-portal.mjs';
import { createPortal, createPromisesPortal } from './portal.mjs';
import { ask, withServer } from './requests.mjs';
import { printTable } from './table.mjs';

const times = 50;
const { makeWorld } = await import(`./world-${process.platform}.mjs`);
const world = await makeWorld(process.argv.slice(2));
const tokens = new Map(world.users.map(({ name, token }) => [name, token]));
const settings = { ...world, tokenOf: (request) => tokens.get(request.headers['x-user']) };
const wrong = [];

const asUser = (user) => ({ is: user.is, reads: (file) => file.readers.includes(user.name) });
const asService = () => ({ is: world.serviceIs, reads: (file) => file.service });

console.log(`Each answer below is that of ${times} requests, all users' interleaved.\n`);
await show('As the user: the file is read in a scope', createPortal(settings), asUser);
await show(
  'As the user: the request is a flow, and awaits impersonate/fs',
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
console.log(`this thread: ${await nameOf(Token.thread() ?? Token.process())}`);

async function show(title, server, expect) {
  const names = ['whoami', ...world.files.map(({ name }) => name)];
  const questions = world.users.flatMap((user) => names.map((name) => ({ user, name })));
  const sent = questions.map(({ user, name }) => ({ user: user.name, name }));
  const answers = await withServer(server, (send) => ask(send, sent, times));
  const cells = questions.map(({ user, name }, index) =>
    judge(title, user, name, answers[index], expect(user)),
  );
  const rows = world.users.map((user, row) => [
    user.name,
    ...cells.slice(row * names.length, (row + 1) * names.length),
  ]);
  console.log(title);
  printTable([['request of', 'thread is', ...names.slice(1)], ...rows]);
  console.log();
}

/** The cell for an answer; noted as wrong unless it is the one and only that the kernel must give. */
function judge(title, user, name, answer, expected) {
  const file = world.files.find((candidate) => candidate.name === name);
  const content = `the file ${name}`;
  const right = file ? (expected.reads(file) ? content : '403') : expected.is;
  if (answer !== right)
    wrong.push(`${title}: ${user.name} asked for ${name}: got ${answer}, must be ${right}`);
  if (answer === content) return 'allowed';
  return answer === '403' ? 'denied' : answer;
}

/** What a user uploads belongs to that user. */
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
