// node --import ../../dist/register.mjs run.mjs FILE PACKAGE VERSION
// Runs one scenario with one version of its package as two users, and prints the result as JSON, in a line after the word
// `result`. Started as root by scripts/test-packages.mjs, where the users imp-alice and imp-bob exist.
//
// A scenario is `export const scenarios = { 'fs-extra': { versions: ['10', '11'], did: 'copy', work } }`:
//   versions  The package is installed as NAME-VERSION: see package.json. 'node' for what node itself has.
//   atOnce    How many calls each user makes at once; 4 by default.
//   title     The name for the page, if it is not the package's.
//   did       What the scenario does, for the page.
//   setup     Called once before, as the process, with the context. What it returns is `context.made`.
//   work      `work(target, context)` is called in the flow of `context.user`, for its own files and for those of the
//             other user. It reads `target.file`, and returns what it got; or it makes files in `target.folder`, and
//             returns undefined. It throws what the package throws.
//   send      The same, but called outside of flows: it sends a request as `context.user` to a server of `setup`.
//   log       In place of them, for loggers of the service, which write to files in `folder`, small enough that others are
//             opened: `log(line, context)` is called in flows, and must log the line. `end(context)`, as the process, ends
//             the log; then each line must be in one of the files, all of which belong to the service.
//   asProcess Whether the package is native code, or has workers of its own, which act as the process.
//   shares    Whether the package keeps files for all users, by their paths.
//   advice    What a program does about the result, for the page.
// `target` and `user` are one of { key, token, uid, folder, file, text }: only the user may open `folder`, and `file` in it
// has `text`. The context has { load, made, user, n, alice, bob, users, service, folder }: `load(name)` resolves to a
// package, by default to the scenario's own; `service` is a target that no user may open, and `folder` is empty, and open
// to the service only; `n` is the number of the call.
import {
  chownSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Token } from '../../dist/index.mjs';

const calls = 200;
const [file, name, version] = process.argv.slice(2);
const require = createRequire(import.meta.url);

async function load(wanted = version === 'node' ? name : `${name}-${version}`) {
  try {
    return require(wanted);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
    return import(wanted);
  }
}

/** Makes a folder that only `uid` may open, with a file. */
function makeTarget(folder, key, { id } = { id: process.getuid() }) {
  const uid = Number(id);
  mkdirSync(folder, { mode: 0o700 });
  const target = { key, uid, folder, file: path.join(folder, `file-of-${key}`), text: `text-of-${key}` };
  writeFileSync(target.file, target.text, { mode: 0o600 });
  for (const each of [folder, target.file]) chownSync(each, uid, uid);
  return target;
}

async function makeUser(base, key) {
  const token = await Token.forUser(`imp-${key}`);
  return { ...makeTarget(path.join(base, key), key, token.user), token };
}

/** Calls the scenario once. `got`: whether it returned the text or the name of the target's file, or nothing. */
async function callOnce(scenario, target, context) {
  const { user } = context;
  const call = () => scenario.work(target, context);
  try {
    const got = await (scenario.send ? scenario.send(target, context) : user.token.run(call));
    const text = got instanceof Uint8Array ? Buffer.from(got).toString('latin1') : JSON.stringify(got);
    return { user, target, got: got === undefined || new RegExp(`of-${target.key}`).test(text), text };
  } catch (error) {
    const { message } = error;
    const isNotRouted = /cannot act as the user/.test(message);
    const { code = isNotRouted ? 'ERR_NOT_ROUTED' : error.cause?.code } = error;
    return { user, target, got: false, code: String(code ?? message), error };
  }
}

/** Calls the scenario as both users at once, for their own files, for each other's and for the service's. */
async function callAll(scenario, context) {
  const { atOnce = 4 } = scenario;
  const results = [];
  const lane = async (user, first) => {
    const other = context.users.find((each) => each !== user);
    for (let n = first; n < calls; n += atOnce) {
      const target = n % 8 < 4 ? user : n % 16 < 12 ? other : context.service;
      results.push(await callOnce(scenario, target, { ...context, user, n }));
    }
  };
  const firsts = Array.from({ length: atOnce }, (_, first) => first);
  await Promise.all(firsts.flatMap((first) => context.users.map((user) => lane(user, first))));
  return results;
}

/** Returns what is below a folder. */
function* entriesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = path.join(folder, entry.name);
    yield found;
    if (entry.isDirectory()) yield* entriesIn(found);
  }
}

/** Returns what is in the folder of a target and not the target's: by its owner, its name or its text. */
function strangersIn(target, users) {
  const others = users.filter((user) => user !== target);
  const marks = new RegExp(others.map(({ key }) => `-${key}-|-of-${key}`).join('|'));
  return [...entriesIn(target.folder)].flatMap((found) => {
    const { uid, size } = lstatSync(found);
    const text = lstatSync(found).isFile() && size < 10_000 ? readFileSync(found, 'latin1') : '';
    if (uid !== target.uid) return [{ found, uid }];
    return marks.test(path.relative(target.folder, found) + text) ? [{ found, uid }] : [];
  });
}

const only = (values) => [...new Set(values)].sort().join(', ');

/** Returns { result, details }: right, refused (CODE), acts as the process, shares a cache, wrong, or fails. */
function judge(results, scenario, context) {
  const { users, service } = context;
  const own = results.filter(({ user, target }) => user === target);
  const foreign = results.filter(({ user, target }) => user !== target);
  const failed = own.filter(({ got }) => !got);
  const crossed = foreign.filter(({ got, text }) => got && text !== undefined);
  const strange = [...users, service].flatMap((target) => strangersIn(target, users));
  const codes = only(failed.map(({ code, text }) => code ?? `got ${text}`));
  const details = {
    own: own.length - failed.length,
    ownFailed: codes,
    firstError: failed[0]?.error?.stack,
    denied: only(foreign.map(({ code, text }) => code ?? text ?? 'no error')),
    crossed: only(crossed.map(({ user, target }) => `${user.key} got ${target.key}`)),
    strange: strange.slice(0, 10),
  };
  const isOfProcess =
    strange.every(({ uid }) => uid === process.getuid()) &&
    strange.some(({ found }) => !found.startsWith(service.folder));
  if (crossed.length === foreign.length || (crossed.length === 0 && isOfProcess))
    return { result: 'acts as the process', details };
  if (scenario.shares && crossed.length > 0 && strange.length === 0)
    return { result: 'shares a cache', details };
  if (crossed.length > 0 || strange.length > 0) return { result: 'wrong', details };
  if (failed.length > 0) {
    const isRefused = failed.length === own.length && /^ERR_[A-Z_]+$/.test(codes);
    return { result: isRefused ? `refused (\`${codes}\`)` : 'fails', details };
  }
  const made = users.map(({ folder }) => [...entriesIn(folder)].length - 1);
  const wanted = users.map(
    (user) => own.filter(({ user: one, text }) => one === user && text === undefined).length,
  );
  const isComplete = made.every((count, at) => count >= wanted[at]);
  return { result: isComplete ? 'right' : 'fails', details: { ...details, made, wanted } };
}

/** Logs lines as both users at once, and returns the judgement: every line must be in a file of the service. */
async function judgeLog(scenario, context) {
  const lines = Array.from({ length: calls }, (_, n) => context.users.map((user) => [user, n])).flat();
  const texts = lines.map(([{ key }, n]) => `line-${n}-of-${key}-${'x'.repeat(50)}`);
  const codes = [];
  for (const [at, [user, n]] of lines.entries()) {
    try {
      await user.token.run(() => scenario.log(texts[at], { ...context, user, n }));
    } catch (error) {
      codes.push(String(error.code ?? error.message));
    }
    if (at % 10 === 0) await setTimeout(2);
  }
  await scenario.end?.(context);
  await until(() => missing().length === 0);
  function missing() {
    const written = [...entriesIn(context.folder)].filter((found) => lstatSync(found).isFile());
    const text = written.map((found) => readFileSync(found, 'latin1')).join('');
    return texts.filter((line) => !text.includes(line));
  }
  const found = [...entriesIn(context.folder)];
  const strange = [
    ...found.filter((each) => lstatSync(each).uid !== process.getuid()),
    ...context.users.flatMap((user) => [...entriesIn(user.folder)].slice(1)),
  ];
  const details = { files: found.length, missing: missing().length, strange, codes: only(codes) };
  if (strange.length > 0) return { result: 'wrong', details };
  const isRight = details.missing === 0 && (found.length > 1 || scenario.files === 1);
  return { result: isRight && codes.length === 0 ? 'right' : 'fails', details };
}

async function until(condition) {
  for (let round = 0; round < 200 && !condition(); round++) await setTimeout(10);
}

const { scenarios } = await import(pathToFileURL(file).href);
const scenario = scenarios[name];
const base = mkdtempSync(path.join(tmpdir(), 'packages-'));
chmodSync(base, 0o755);
const [alice, bob] = [await makeUser(base, 'alice'), await makeUser(base, 'bob')];
const folder = path.join(base, 'own');
mkdirSync(folder, { mode: 0o700 });
const service = makeTarget(path.join(base, 'service'), 'service');
const context = { load, version, folder, alice, bob, users: [alice, bob], service };
// What a package does later, such as emit an error, must not end the run.
const later = [];
process.on('uncaughtException', (error) => later.push(String(error.stack ?? error)));
let outcome;
try {
  context.made = await scenario.setup?.(context);
  outcome = scenario.log
    ? await judgeLog(scenario, context)
    : judge(await callAll(scenario, context), scenario, context);
  const problem = await scenario.check?.(context);
  if (problem) outcome = { ...outcome, result: 'wrong', problem };
} catch (error) {
  outcome = { result: 'not run', details: { error: String(error.stack ?? error) } };
}
rmSync(base, { recursive: true, force: true });
process.stdout.write(`\nresult ${JSON.stringify({ ...outcome, later })}\n`, () => process.exit());
