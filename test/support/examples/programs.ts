import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type ChildResult, writeSource } from '../children/child';
import { ended, isWindows, programFile, whoAmI } from '../children/programs';
import { endWithoutProgress } from '../children/progress';
import { tempFolder } from '../folders';
import { cert } from '../network/certificate';
import { product, root } from '../paths';
import { accountOf, world } from '../world/world';
import type { Reply, Request } from './outside-program';
import type { Outside } from './outside';
import type { Fence } from './pages';

/** The account of an example's alice. */
export const accountName = accountOf(world.alice);
const accountOfBob = accountOf(world.bob);

/** What every example finds: /srv/portal with a folder of each user. */
const portal = join(tempFolder('portal'), 'portal');

function furnish(): void {
  mkdirSync(portal);
  chmodSync(portal, 0o755);
  for (const who of [world.alice, world.bob]) {
    const folder = join(portal, who.key);
    mkdirSync(folder);
    writeFileSync(join(folder, 'notes.txt'), `notes of ${who.key}`);
    // Under Wine the examples themselves check the access: see authority().
    if (!isWindows) for (const path of [join(folder, 'notes.txt'), folder]) world.own(path, who);
  }
}

/** Where the examples are: in the package, so that they import it by its name. */
const folder = tempFolder('examples', join(root, 'dist-test'));
const certificate = join(folder, 'certificate.pem');
let count = 0;

/** Packages of the examples that the test does not have. */
const doubles: Record<string, string> = {
  // An object of COM that counts only for alice.
  winax: `
    const { world } = require(${JSON.stringify(require.resolve('../world/world'))});
    exports.Object = class { Count() { return world.whoAmI() === world.alice.id ? 3 : world.whoAmI(); } };
    exports.release = () => {};`,
};

let isPrepared = false;

function prepare(): void {
  if (isPrepared) return;
  isPrepared = true;
  furnish();
  for (const [name, source] of Object.entries(doubles)) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(join(folder, 'node_modules', name, 'index.js'), source);
  }
  chmodSync(folder, 0o755);
  writeFileSync(certificate, cert);
}

/** Under Wine `whoami` prints the user of Wine, whatever the token is: a program that takes its place, and its argument. */
export const whoami = (): [string, string] => [
  process.execPath,
  programFile(`console.log(${whoAmI} === '${world.alice.id}' ? 'alice' : ${whoAmI});`),
];

/** A folder with programs of the names that commands use. They print that they run. */
export function folderOfPrograms(): string {
  prepare();
  for (const name of ['server.mjs', 'first.mjs', 'app.mjs'])
    writeFileSync(join(folder, name), `console.log('${name} runs');\n`);
  return folder;
}

let preloaded: string | undefined;

/** Arguments of node that load what Wine lacks. */
export function execArgvOfExamples(): string[] {
  if (!isWindows) return [];
  prepare();
  preloaded ??= authority();
  return ['--disable-warning=IMPERSONATE_LOADED_LATE', '--require', preloaded];
}

function authority(): string {
  // The folders are their users', and the service may read them, as LocalSystem may.
  const rules = [world.alice, world.bob].map(({ key, id }) => {
    const access = `D:(A;;FA;;;${id})(A;;FA;;;${world.serviceId})`;
    return `seam().allow(${JSON.stringify(join(portal, key))}, ${JSON.stringify(access)});`;
  });
  return writeSource(
    'bare',
    [
      `require(${JSON.stringify(product)});`,
      `require(${JSON.stringify(require.resolve('../world/windows-folder'))});`,
      `const { seam } = require(${JSON.stringify(require.resolve('../win32/seam'))});`,
      ...rules,
    ].join('\n'),
  );
}

/** The lines that the comments of a program promise; `…` stands for what differs from run to run. */
export const printsOf = (source: string, comment = '//'): string[] =>
  [...source.matchAll(new RegExp(`(?:^|\\s)${comment} Prints: (.*)$`, 'gm'))].map(([, line = '']) => line);

interface Promised {
  /** The comment. */
  readonly line: string;
  /** Of a request of HTTP. */
  readonly path: string | undefined;
  readonly user: Request['user'];
}

/**
 * The responses that the comments promise: `// GET /notes as alice: 200 text` of a server of HTTP, and of one whose messages are
 * lines of base64 `// Connection of alice: text`.
 */
export const responsesOf = (source: string): Promised[] =>
  [...source.matchAll(/^ *\/\/ ((?:GET (\/\S*)(?: as (\w+))?|Connection of (\w+)): .*)$/gm)].map(
    ([, line = '', path, asUser, ofUser]) => ({ line, path, user: (asUser ?? ofUser) as Request['user'] }),
  );

/** Replaces the names of an example by those of the test: users, files, machines. */
function withNames(source: string, servers?: Outside): string {
  const quoted = (name: string): string => JSON.stringify(name).slice(1, -1);
  const named = source
    .replace(/(['"`])(?:EXAMPLE\\\\)?alice(?:@example\.com)?\1/gi, `'${accountName}'`)
    .replace(/(['"`])(?:EXAMPLE\\\\)?bob(?:@example\.com)?\1/gi, `'${accountOfBob}'`)
    .replace(/(?:\/srv\/portal|[CD]:\/portal)/g, quoted(portal.replaceAll('\\', '/')));
  const [program, argument] = isWindows ? whoami() : ['', ''];
  const started = isWindows
    ? named.replaceAll("'whoami'", `${JSON.stringify(program)}, [${JSON.stringify(argument)}]`)
    : named;
  if (!servers) return started;
  return started
    .replace(
      /https:\/\/(?:api\.example|backend\.example\.com)/g,
      `https://localhost:${String(servers.backEnd)}`,
    )
    .replaceAll('db.example.com', 'localhost')
    .replaceAll('/etc/portal.keytab', servers.keytab);
}

/** The output with the names of the example. */
export const inNamesOfExample = (output: string): string =>
  output
    .replaceAll(accountName, 'alice')
    .replaceAll(accountOfBob, 'bob')
    .replace(/\b(?:SEAM\\|imp-)(alice|bob)\b/gi, '$1')
    .replaceAll(portal.replaceAll('\\', '/'), '/srv/portal')
    .replaceAll(portal, '/srv/portal');

/** The files of an example, which begin with their names in comments if there are several. */
export function sourcesOf({ language, source }: Fence): { readonly name: string; readonly text: string }[] {
  const isCommonJs = /\brequire\('/.test(source) && !/^import /m.test(source);
  const extension = language === 'ts' ? 'mts' : isCommonJs ? 'cjs' : 'mjs';
  const [before = '', ...parts] = source.split(/^\/\/ ([\w-]+\.[mc]?[jt]s)$/m);
  if (parts.length === 0) return [{ name: `example.${extension}`, text: before }];
  return parts.flatMap((name, index) => (index % 2 === 0 ? [{ name, text: parts[index + 1] ?? '' }] : []));
}

/** Writes the files of an example, and returns the first one. */
function writeExample(fence: Fence, outside?: Outside): string {
  prepare();
  const own = join(folder, String(count++));
  mkdirSync(own);
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const paths = sourcesOf(fence).map(({ name, text }) => {
    const path = join(own, name.replace(/ts$/, 'js'));
    const named = withNames(text, outside);
    const isTypeScript = name.endsWith('ts');
    writeFileSync(path, isTypeScript ? ts.transpileModule(named, { compilerOptions }).outputText : named);
    return path;
  });
  return paths[0] ?? '';
}

const pairingToken = 'a-pairing-token-of-the-module';

/** Resolves to what the preloaded module sends by this name. */
async function received(child: ChildProcess, name: 'port' | 'handle'): Promise<string> {
  for await (const [message] of on(child, 'message') as AsyncIterable<[Record<string, string | undefined>]>)
    if (message[name] !== undefined) return message[name];
  throw new Error(`the example has sent no ${name}`);
}

/** Sends the requests that an example promises, and ends it. */
async function drive(child: ChildProcess, source: string, outside?: Outside): Promise<string[]> {
  const port = await received(child, 'port');
  const lines: string[] = [];
  const isBehindIis = /iisAuthentication|fromIisRequest/.test(source);
  for (const { path, user } of responsesOf(source)) {
    const url = path === undefined ? `tcp://localhost:${port}` : `http://localhost:${port}${path}`;
    const headers: Record<string, string> = {};
    if (isBehindIis) {
      headers['MS-ASPNETCORE-TOKEN'] = pairingToken;
      if (user !== undefined) {
        const handle = received(child, 'handle');
        child.send({ mint: user });
        headers['MS-ASPNETCORE-WINAUTHTOKEN'] = await handle;
      }
    }
    const request: Request = { url, user: isBehindIis ? undefined : user, headers };
    const { status, body } =
      request.user === undefined ? await plain(request) : await authenticated(outside, request);
    const asUser = user === undefined ? '' : ` as ${user}`;
    if (path === undefined) lines.push(`Connection of ${String(user)}: ${body}`);
    else lines.push(`GET ${path}${asUser}: ${String(status)} ${body}`.trimEnd());
  }
  child.send('end');
  return lines;
}

const plain = async ({ url, headers }: Request): Promise<Reply> => {
  const response = await fetch(url, { headers: headers ?? {} });
  return { status: response.status, body: await response.text() };
};

const authenticated = (outside: Outside | undefined, request: Request): Promise<Reply> => {
  if (!outside) throw new Error('only an example with the name of a negotiator has users who authenticate');
  return outside.browse(request);
};

/** Runs an example, and sends the requests that it promises. Resolves to how it ended, with the responses in its output. */
export async function runExample(fence: Fence, outside?: Outside): Promise<ChildResult> {
  const file = writeExample(fence, outside);
  const isDriven = responsesOf(fence.source).length > 0;
  const serving = isDriven ? ['--require', require.resolve('./serving')] : [];
  const execArgv = [...serving, ...execArgvOfExamples()];
  const child = fork(file, {
    execArgv,
    cwd: portal,
    silent: true,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      ...outside?.env,
      NODE_EXTRA_CA_CERTS: certificate,
      ASPNETCORE_TOKEN: pairingToken,
      PGPORT: String(outside?.database),
    },
  });
  endWithoutProgress(child, 60_000);
  const end = ended(child);
  const failed = end.then((result) => {
    throw new Error(`ended before it was told to: ${JSON.stringify(result)}`);
  });
  failed.catch(() => {});
  const responses = isDriven ? await Promise.race([drive(child, fence.source, outside), failed]) : [];
  const { stdout, ...rest } = await end;
  return { ...rest, stdout: inNamesOfExample([stdout.trimEnd(), ...responses].filter(Boolean).join('\n')) };
}
