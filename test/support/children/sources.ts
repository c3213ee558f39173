import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tempFolder } from '../folders';
import { root } from '../paths';
import { linesOf, type SourceKind } from './child';

export const registerModule = join(root, 'dist', 'register.mjs');
export const registerFile = join(root, 'dist', 'register.js');

/** The ways to have impersonate/register loaded before the program. */
export const loading = {
  import: ['--import', pathToFileURL(registerModule).href],
  require: ['--require', registerFile],
};

/** For a child that begins with impersonate/unrouted: it loads the world before node:fs is routed. */
export const lateIsFine = '--disable-warning=IMPERSONATE_LOADED_LATE';

/**
 * Source for a child: `folder` with a home for each user, which holds a `file` that only this user may open;
 * `within(who, ...names)` for paths there; `secret`, which only the service may open; `tokens` of both users; and
 * `outcome(work)`, which resolves to the result, the code of the error, or 'denied'.
 */
export function usersSource(name: string): string {
  return `
    const path = require('node:path');
    const folder = ${JSON.stringify(tempFolder(name))};
    const within = (who, ...names) => path.join(folder, who.key, ...names);
    const { alice, bob } = world;
    const tokens = { alice: await alice.token(), bob: await bob.token() };
    for (const who of [alice, bob]) {
      fs.mkdirSync(within(who));
      fs.writeFileSync(within(who, 'file'), 'of ' + who.key);
      world.own(within(who, 'file'), who);
      world.own(within(who), who);
    }
    const secret = path.join(folder, 'secret');
    fs.writeFileSync(secret, 'of the service');
    world.own(secret, 'service');
    const codeOf = ({ code, message }) =>
      code === 'EACCES' || code === 'EPERM' ? 'denied' : (code ?? message);
    const outcome = async (work) => {
      try {
        return await work();
      } catch (error) {
        return codeOf(error);
      }
    };
  `;
}

/** Runs a source after usersSource() under impersonate/register; resolves to the lines that it printed. */
export function registered(name: string, source: string, kind?: SourceKind): Promise<string[]> {
  return linesOf(`${usersSource(name)}\n${source}`, { execArgv: loading.import }, kind);
}

const binding = join(root, 'dist', 'core.js');

/**
 * For child programs: `job(token, call, ...args)` starts one of libuv's calls on the pool as the token and resolves to
 * [error, result]; `tokenId(identity)` gives the native id of a new token.
 */
export const jobs = `const { native } = require(${JSON.stringify(binding)});
  const job = (token, call, ...args) => native.startFs(token, native.fsCalls[call], ...args).then(
    (result) => (typeof result === 'number' && result < 0 ? [result] : [0, result]),
    (error) => [error],
  );
  const tokenId = (who) => process.platform === 'win32' ? native.tokenFromHandle(who.mint(), true) : native.tokenForUser(who.name, 0);
  const alice = await tokenId(world.alice);
  const bob = await tokenId(world.bob);`;

/**
 * For child programs on Linux: `probe` and `threadStatus`; `text()`, all credentials of this thread; `attempt(enter)`,
 * which prints the outcome.
 */
export const credentials = `const { probe } = require(${JSON.stringify(require.resolve('../linux/probe'))});
  const { threadStatus } = require(${JSON.stringify(require.resolve('../linux/thread-status'))});
  const text = () => { const { uids, gids, groups, capabilities } = threadStatus(); return [uids, gids, groups, ...Object.values(capabilities)].join(); };
  const attempt = (enter) => { try { enter(); print('entered'); } catch (error) { print([error.name, error.code, error.syscall].join(' ')); } };`;
