import path from 'node:path';
import type { Identity } from '../flow/identity';
import { originals } from '../fs/node-fs';
import { promised } from '../fs/operations';
import { native } from '../internal/binding';
import { promiseOf } from '../internal/error';
import { asProcess } from '../internal/flow-store';
import { wrongType, wrongValue } from '../internal/validate';
import type { OpenToken } from '../token/open-token';

/** Where Linux has what Windows calls known folders: a variable of user-dirs.dirs or of the environment, and the default. */
const folders = {
  Desktop: ['XDG_DESKTOP_DIR', 'Desktop'],
  Documents: ['XDG_DOCUMENTS_DIR', 'Documents'],
  Downloads: ['XDG_DOWNLOAD_DIR', 'Downloads'],
  Music: ['XDG_MUSIC_DIR', 'Music'],
  Pictures: ['XDG_PICTURES_DIR', 'Pictures'],
  Public: ['XDG_PUBLICSHARE_DIR', 'Public'],
  Templates: ['XDG_TEMPLATES_DIR', 'Templates'],
  Videos: ['XDG_VIDEOS_DIR', 'Videos'],
  LocalAppData: ['XDG_DATA_HOME', '.local/share'],
  RoamingAppData: ['XDG_CONFIG_HOME', '.config'],
} as const;

/**
 * A folder of a user by the name that Windows has for it, such as `Documents` or `LocalAppData`.
 *
 * @example
 * const name: KnownFolder = 'Documents';
 * const folder = await token.knownFolder(name);
 */
export type KnownFolder = keyof typeof folders;

/** The environment as an object, in the order of the system. */
function environmentOf(token: OpenToken): Record<string, string> {
  return Object.fromEntries(
    native.loginEnvironment(token.openId()).map((pair) => {
      // Windows has names that begin with `=`.
      const end = pair.indexOf('=', 1);
      return [pair.slice(0, end), pair.slice(end + 1)];
    }),
  );
}

/** Implements `token.environment()`. */
export const environment = (token: OpenToken): Promise<Record<string, string>> =>
  promiseOf(() => environmentOf(token));

/** Implements `token.home`. */
export function homeOf(token: OpenToken): string {
  const name = native.port === 'win32' ? 'USERPROFILE' : 'HOME';
  return environmentOf(token)[name] ?? '';
}

/** What a file of some lines may have at most. The user can put any file in its place. */
const mostBytes = 64 * 1024;

async function startOfFile(identity: Identity, file: string): Promise<string> {
  const { O_RDONLY, O_NONBLOCK } = originals.constants;
  // A FIFO would keep the thread waiting.
  const handle = await promised.open(identity, file, O_RDONLY | O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Reads user-dirs.dirs, which xdg-user-dirs-update writes: lines such as `XDG_MUSIC_DIR="$HOME/Music"`. */
async function userFolderOf(identity: Identity, name: string, home: string, config: string): Promise<string> {
  const text = await startOfFile(identity, path.join(config, 'user-dirs.dirs')).catch(() => '');
  const line = new RegExp(String.raw`^[ \t]*${name}[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"`, 'gm');
  const value = [...text.matchAll(line)].at(-1)?.[1]?.replace(/\\(.)/g, '$1');
  if (value === undefined) return '';
  const folder = value.startsWith('$HOME') ? path.join(home, value.slice('$HOME'.length)) : value;
  return path.isAbsolute(folder) ? folder.replace(/(?<=.)\/+$/, '') : '';
}

async function linuxFolder(token: OpenToken, name: KnownFolder): Promise<string> {
  const identity = { tokenRef: token.ref() };
  const variables = environmentOf(token);
  const home = variables.HOME ?? '/';
  const [variable, usual] = folders[name];
  const usualPath = path.join(home, usual);
  if (!variable.endsWith('_DIR')) return variables[variable] ?? usualPath;
  const config = variables.XDG_CONFIG_HOME ?? path.join(home, '.config');
  return (await userFolderOf(identity, variable, home, config)) || usualPath;
}

/** Implements `token.knownFolder()`. */
export async function knownFolder(token: OpenToken, name: unknown): Promise<string> {
  if (typeof name !== 'string') throw wrongType('name', 'of type string', name);
  if (!Object.hasOwn(folders, name))
    throw wrongValue('name', `is not known: there is ${Object.keys(folders).join(', ')}`);
  const id = token.openId();
  if (native.port === 'win32') return native.knownFolder(id, name);
  return asProcess(() => linuxFolder(token, name as KnownFolder));
}
