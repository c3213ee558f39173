import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { request as send, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { prepared } from '../support/children/examples';
import { tempFolder } from '../support/folders';
import { productModule, root } from '../support/paths';
import { clientProof } from '../support/win32/seam';
import { domain, world, type Win32Identity } from '../support/world/win32';

const pairingToken = '7d6bfe4b-7a3d-4b4e-8a5c-0f6f5a3f9d11';
const example = (...names: string[]): string => join(root, 'examples', ...names);

let server: ChildProcess | undefined;
let lines: AsyncIterator<string>;
afterEach(async () => {
  if (!server || server.killed) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
});

/** Starts a server of the examples and resolves to the port that it listens on. */
async function started(folder: string, args: string[], own: string, env: NodeJS.ProcessEnv): Promise<string> {
  server = spawn(process.execPath, [...prepared(own), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  lines = createInterface(server.stdout as NodeJS.ReadableStream)[
    Symbol.asyncIterator
  ]() as AsyncIterator<string>;
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toMatch(/^kept: (?:SeChangeNotifyPrivilege|SeImpersonatePrivilege| )+$/);
  const listening = await next();
  expect(listening).toMatch(/^listening on \d+$/);
  return listening.slice('listening on '.length);
}

/** Sends a request and resolves to the status and the body. */
async function get(port: string, path: string, headers: Record<string, string>): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send({ host: 'localhost', port, path, headers, agent: false }, resolve).once('error', reject).end();
  });
  return `${String(response.statusCode)} ${await text(response)}`.trim();
}

/** Makes a folder with a file of each user, and what gives them their owners in a process of the server. */
function files(): { folder: string; own: string } {
  const folder = tempFolder('files');
  const own: string[] = [];
  for (const name of ['alice', 'bob', 'service']) {
    const file = join(folder, name);
    writeFileSync(file, `of ${name}`);
    const who = name === 'service' ? "'service'" : `world.${name}`;
    own.push(`world.own(${JSON.stringify(file)}, ${who});`);
  }
  return { folder, own: own.join('\n') };
}

const expected = (who: Win32Identity): string[] => [
  `200 You are ${domain}\\${who.name}`,
  `200 of ${who.key}`,
  '403 EPERM',
  '403 EPERM',
  '404 ENOENT',
];
const paths = (who: Win32Identity): string[] => [
  '/',
  `/${who.key}`,
  `/${who.key === 'alice' ? 'bob' : 'alice'}`,
  '/service',
  '/none',
];

test('the Windows service gives each authenticated user the files that the user may read', async () => {
  const { folder, own } = files();
  const script = readFileSync(example('deploy', 'windows-service', 'install.ps1'), 'utf8');
  const [, command = ''] = /"`"\$Node`" (.*?) `"\$Files/.exec(script) ?? [];
  const args = [...command.split(' ').map((arg) => (arg === '8080' ? '0' : arg)), folder];
  const port = await started(example('deploy', 'windows-service'), args, own, {});
  expect(await get(port, '/', {})).toBe('401');
  for (const who of [world.alice, world.bob]) {
    const proof = clientProof(`${who.name}@${domain}`, who.name).toString('base64');
    const headers = { authorization: `Negotiate ${proof}` };
    const replies = await Promise.all(paths(who).map((path) => get(port, path, headers)));
    expect(replies).toEqual(expected(who));
  }
});

test.each([
  ['web.config', 'ASPNETCORE_PORT', 'aspNetCore'],
  ['http-platform.config', 'HTTP_PLATFORM_PORT', 'httpPlatform'],
])(
  'the server behind IIS gives each user the files that the user may read: %s',
  async (file, port, element) => {
    // The files are beside the server.
    const folder = tempFolder('site');
    await copyFile(example('iis', 'server.mjs'), join(folder, 'server.mjs'));
    const here = join(folder, 'node_modules', 'impersonate');
    mkdirSync(here, { recursive: true });
    const exports = { '.': './index.mjs', './http': './http.mjs', './register': './register.mjs' };
    writeFileSync(join(here, 'package.json'), JSON.stringify({ name: 'impersonate', exports }));
    for (const name of ['index', 'http', 'register']) {
      const url = pathToFileURL(join(productModule, '..', `${name}.mjs`)).href;
      writeFileSync(join(here, `${name}.mjs`), `export * from '${url}';`);
    }
    mkdirSync(join(folder, 'files'));
    const own: string[] = [];
    for (const name of ['alice', 'bob', 'service']) {
      const path = join(folder, 'files', name);
      writeFileSync(path, `of ${name}`);
      own.push(`world.own(${JSON.stringify(path)}, ${name === 'service' ? "'service'" : `world.${name}`});`);
    }
    // IIS duplicates a user's token into the process and sends the handle.
    own.push(`globalThis.handles = { alice: [], bob: [] };
    for (const name of ['alice', 'bob']) for (let count = 0; count < 5; count++) handles[name].push(world[name].mint());
    require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'handles'))}, JSON.stringify(handles, (_key, value) => typeof value === 'bigint' ? value.toString(16) : value));`);
    const config = readFileSync(example('iis', file), 'utf8');
    const [, args = ''] = new RegExp(`<${element}\\s[^>]*?arguments="([^"]*)"`).exec(config) ?? [];
    const listening = await started(folder, args.split(' '), own.join('\n'), {
      [port]: '0',
      ASPNETCORE_TOKEN: element === 'aspNetCore' ? pairingToken : '',
    });
    const handles = JSON.parse(readFileSync(join(folder, 'handles'), 'utf8')) as Record<string, string[]>;
    const headersOf = (handle: string): Record<string, string> =>
      element === 'aspNetCore'
        ? { 'MS-ASPNETCORE-TOKEN': pairingToken, 'MS-ASPNETCORE-WINAUTHTOKEN': handle }
        : { 'X-IIS-WindowsAuthToken': handle };
    expect(await get(listening, '/', {})).toBe('401');
    for (const who of [world.alice, world.bob]) {
      const replies: string[] = [];
      for (const [index, path] of paths(who).entries())
        replies.push(await get(listening, path, headersOf(handles[who.key]?.[index] ?? '')));
      expect(replies).toEqual(expected(who));
    }
  },
);

test.each(['web.config', 'http-platform.config'])(
  '%s turns anonymous users away and forwards tokens',
  (file) => {
    const config = readFileSync(example('iis', file), 'utf8');
    expect(config).toContain('<anonymousAuthentication enabled="false" />');
    expect(config).toContain('<windowsAuthentication enabled="true" />');
    expect(config).toContain('forwardWindowsAuthToken="true"');
  },
);
