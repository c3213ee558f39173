// Runs examples one after the other, each with names and folders of its own, and prints a line for each.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import { BackEnd } from '../network/back-end';
import { cert, key } from '../network/certificate';
import { isWindows, newAddress } from '../network/peers';
import { request, TestPostgres } from '../network/postgres';
import { accountOf, world } from '../world/world';
import * as doubles from './names';
import type { Runnable } from './compile';

const folder = process.argv[2] ?? '';
const files = JSON.parse(fs.readFileSync(path.join(folder, 'examples.json'), 'utf8')) as Runnable[];
const wanted = process.argv.slice(3);

const report = `
  const { parentPort } = require('node:worker_threads');
  parentPort?.once('message', () => {});
  parentPort?.postMessage('July');
  process.send?.('July', () => process.disconnect());`;
const thumbnail = `
  const fs = require('node:fs');
  module.exports = ({ width }) => new Uint8Array(width);
  module.exports.list = (folder) => fs.readdirSync(folder);`;

let examples = 0;
const here = (name: string): string =>
  path
    .join(folder, name === 'files' ? `files-${String(process.pid)}-${String(examples)}` : name)
    .replaceAll('\\', '/');

/** Makes the folders that examples name; that of Alice is of one example. */
function makeFolders(): void {
  examples += 1;
  const files = here('files');
  fs.mkdirSync(path.join(files, 'archive'), { recursive: true });
  fs.writeFileSync(path.join(files, 'report.txt'), 'Report\n');
  fs.symlinkSync('report.txt', path.join(files, 'latest'));
  if (!isWindows)
    for (const name of ['archive', 'report.txt', '.']) world.own(path.join(files, name), world.alice);
  for (const name of ['app', 'tls', 'log']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  fs.writeFileSync(path.join(folder, 'app', 'report.js'), report);
  fs.writeFileSync(path.join(folder, 'app', 'thumbnail.js'), thumbnail);
  fs.writeFileSync(path.join(folder, 'tls', 'server.pem'), cert);
}

const logon = isWindows ? "domain: 'SEAM'" : "service: 'impersonate'";

/** Returns the example with the accounts, folders and servers that exist here. */
function local(source: string, origin: string): string {
  return source
    .replace(/(\blogon\(|\bspawnWithLogon\()\{ user: 'alice'/g, `$1{ user: "${world.alice.name}", ${logon}`)
    .replaceAll("'alice'", `'${accountOf(world.alice)}'`)
    .replaceAll("'/srv/files", `'${here('files')}`)
    .replaceAll("'/srv/app", `'${here('app')}`)
    .replaceAll("'/srv/tls", `'${here('tls')}`)
    .replaceAll("'/var/log/service", `'${here('log')}`)
    .replaceAll("'/run/files.sock'", JSON.stringify(newAddress()))
    .replaceAll("'https://api.example.com", `'${origin}`)
    .replaceAll("'db.example.com'", "'localhost'")
    .replaceAll('.listen(80)', '.listen(0)')
    .replaceAll('.listen(8080', '.listen(0');
}

function fail(error: unknown): void {
  process.stdout.write(`error ${error instanceof Error ? String(error.stack) : String(error)}\n`);
  process.exit(1);
}

async function run({ id, file, needs, prints }: Runnable, origin: string): Promise<void> {
  process.stdout.write(`run ${id}\n`);
  makeFolders();
  const [made, end] = await doubles.makeNames(needs);
  const module = { exports: {} as { default?: (names: unknown) => Promise<void> } };
  const text = local(fs.readFileSync(file, 'utf8'), origin);
  const printed: string[] = [];
  const keep = (...values: unknown[]): void => void printed.push(values.map(String).join(' '));
  // The example has a console of its own.
  const define = compileFunction(text, ['require', 'module', 'exports', 'doubles', 'console']) as (
    ...values: unknown[]
  ) => void;
  define(createRequire(__filename), module, module.exports, doubles, { log: keep, warn: keep, error: keep });
  await module.exports.default?.(made);
  await new Promise((resolve) => setImmediate(resolve));
  await end();
  if (prints.length > 0 && printed.join('\n') !== prints.join('\n')) {
    throw new Error(`${id} prints ${JSON.stringify(printed)}, and promises ${JSON.stringify(prints)}`);
  }
  process.stdout.write(`ran ${id}\n`);
}

async function main(): Promise<void> {
  fs.chmodSync(folder, 0o711);
  const backEnd = await BackEnd.start({ tls: { cert, key } });
  // Authenticates by GSSAPI in one message of each side.
  const database = await TestPostgres.start({
    authenticate: async (client) => {
      await client.write(request(7));
      await client.answer();
      await client.write(request(8, 'welcome alice'), request(0));
      return 'alice';
    },
  });
  process.env.PGPORT = String(database.port);
  for (const example of wanted.flatMap((id) => files.filter((file) => file.id === id))) {
    try {
      await run(example, backEnd.origin);
    } catch (error) {
      process.stdout.write(
        `failed ${example.id}\n${error instanceof Error ? String(error.stack) : String(error)}\n`,
      );
    }
  }
  // Servers of examples still listen.
  process.exit(0);
}

process.setMaxListeners(0);
process.on('uncaughtException', fail);
main().catch(fail);
