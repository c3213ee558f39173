import path from 'node:path';
import { originals } from '../fs/node-fs';
import { codeOf } from '../fs/error';
import { bytesOf, isPath, textOf, toPath } from '../fs/path';
import { validateArray, validateString, wrongValue } from '../internal/validate';

const isWindows = process.platform === 'win32';

/**
 * Folds the case of ASCII letters on Windows, whose file names are case-insensitive. JavaScript folds other letters in
 * another way than the system: it takes different files for one.
 */
const folded = (file: string): string =>
  isWindows ? file.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : file;

/**
 * Whether this is the name of a pipe of Windows, which has no links. To resolve them would connect to the pipe. In
 * `\\.\pipe\..\` the dots lead to other devices.
 */
const isPipe = (file: string): boolean =>
  isWindows && /^[\\/]{2}\.[\\/]pipe[\\/][^\\/]/i.test(file) && !/[\\/][. ]+(?:[\\/]|$)/.test(file.slice(4));

const exists = (file: string): boolean => {
  try {
    originals.lstatSync(file);
    return true;
  } catch {
    return false;
  }
};

/**
 * Returns the path with all links resolved, as the system resolves them; the last components need not exist. Undefined
 * if it cannot be resolved, or if a link in it leads to nothing: its target could be created.
 */
function resolveLinks(file: string): string | undefined {
  try {
    return originals.realpathSync.native(file);
  } catch (error) {
    const name = path.basename(file);
    const folder = path.dirname(file);
    if (codeOf(error) !== 'ENOENT' || folder === file || name === '..' || exists(file)) return undefined;
    const resolved = resolveLinks(folder);
    return resolved === undefined ? undefined : path.join(resolved, name);
  }
}

/** Returns the path with the links of its folder resolved, but not a link that is its last component. */
function resolveFolder(file: string): string | undefined {
  const folder = resolveLinks(path.dirname(file));
  return folder === undefined ? undefined : path.join(folder, path.basename(file));
}

/** Returns a path as text; undefined for another value, and for bytes that are no text. */
function toText(given: unknown): string | undefined {
  if (!isPath(given)) return undefined;
  const path = toPath(given);
  const text = textOf(path);
  return typeof path === 'string' || bytesOf(path).equals(Buffer.from(text)) ? text : undefined;
}

/** Files and folders by their paths; a folder stands for everything below it. */
export class AllowedPaths {
  readonly #given: readonly string[];
  readonly #resolved: readonly string[];

  /** Throws a TypeError that names `argument` for anything but an array of absolute paths. */
  constructor(paths: unknown, argument: string) {
    validateArray(paths, argument);
    const files = paths.map((file, index) => {
      const name = `${argument}[${index}]`;
      validateString(file, name);
      if (!path.isAbsolute(file)) throw wrongValue(name, 'must be an absolute path');
      return path.resolve(file);
    });
    this.#resolved = files.map((file) => (isPipe(file) ? file : (resolveLinks(file) ?? file)));
    this.#given = [...files, ...this.#resolved].map(folded);
  }

  /**
   * Returns whether the path is one of these, or below one: as it is written, and with links resolved. An operation may
   * use the target of a link or the link itself, so both must be. The case of resolved names is that of the file system,
   * which can have folders whose names differ in nothing else.
   */
  includes(given: unknown): boolean {
    const file = toText(given);
    if (file === undefined || !isWithin(folded(path.resolve(file)), this.#given)) return false;
    return (
      isPipe(file) ||
      (isWithin(resolveLinks(file), this.#resolved) && isWithin(resolveFolder(file), this.#resolved))
    );
  }
}

function isWithin(file: string | undefined, allowed: readonly string[]): boolean {
  if (file === undefined) return false;
  return allowed.some(
    (base) => file === base || file.startsWith(base.endsWith(path.sep) ? base : base + path.sep),
  );
}
