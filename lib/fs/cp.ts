import type { BigIntStats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Identity } from '../flow/identity';
import {
  checkPair,
  checkParents,
  copyError,
  type CopyOptions,
  isInside,
  statIfExists,
  toCopyOptions,
} from './cp-checks';
import { fallback } from './error';
import { opendir } from './dir';
import { startJob } from './job';
import { symlink } from './links';
import { mkdir } from './mkdir';
import { nodeMajor } from './node-fs';
import { textOf, toPath } from './path';
import { toStats } from './stat';

/** One call of cp(). It starts in a promise callback, so that no `await` is inside a synchronous scope. */
class CopyOperation {
  readonly #identity: Identity;
  readonly #options: CopyOptions;

  constructor(identity: Identity, options: CopyOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  async start(source: string, destination: string): Promise<void> {
    const pair = await checkPair(this.#identity, source, destination, this.#options);
    if (!pair) return;
    await checkParents(this.#identity, source, pair.source, destination);
    const parent = dirname(destination);
    if (!(await statIfExists(this.#identity, 'stat', parent)))
      await mkdir(this.#identity, parent, { recursive: true });
    await this.#copy(source, destination, pair.destination);
  }

  async #copy(source: string, destination: string, existing: BigIntStats | null): Promise<void> {
    const call = this.#options.dereference ? 'stat' : 'lstat';
    const stats = toStats(await startJob(this.#identity, call, source, true)) as BigIntStats;
    if (stats.isDirectory()) {
      if (!this.#options.recursive)
        throw copyError('directory', source, `${source} is a directory (not copied)`);
      return this.#copyDirectory(source, destination, existing, Number(stats.mode));
    }
    if (stats.isFile() || stats.isCharacterDevice() || stats.isBlockDevice()) {
      return this.#copyFile(source, destination, existing, Number(stats.mode));
    }
    if (stats.isSymbolicLink()) return this.#copyLink(source, destination, existing);
    if (stats.isSocket()) throw copyError('socket', destination, `cannot copy a socket file: ${destination}`);
    if (stats.isFIFO()) throw copyError('fifo', destination, `cannot copy a FIFO pipe: ${destination}`);
    throw copyError('unknown', destination, `cannot copy an unknown file type: ${destination}`);
  }

  async #copyFile(
    source: string,
    destination: string,
    existing: BigIntStats | null,
    mode: number,
  ): Promise<void> {
    if (existing) {
      if (!this.#options.force) {
        this.#checkErrorOnExist(destination);
        return;
      }
      await startJob(this.#identity, 'unlink', destination);
    }
    await startJob(this.#identity, 'copyfile', source, destination, this.#options.mode);
    if (this.#options.preserveTimestamps) {
      // utime opens the file for writing, so a read-only mode must not be set before it.
      if ((mode & 0o200) === 0) await startJob(this.#identity, 'chmod', destination, mode | 0o200);
      await this.#copyTimes(source, destination);
    }
    await startJob(this.#identity, 'chmod', destination, mode);
  }

  /** Throws if the destination must not exist (`errorOnExist`). */
  #checkErrorOnExist(destination: string): void {
    if (this.#options.errorOnExist) throw copyError('exists', destination, `${destination} already exists`);
  }

  /** Reads the times again, because the copy has changed the access time of the source. */
  async #copyTimes(source: string, destination: string): Promise<void> {
    const { atime, mtime } = toStats(await startJob(this.#identity, 'stat', source, false));
    await startJob(this.#identity, 'utime', destination, atime.getTime() / 1000, mtime.getTime() / 1000);
  }

  async #copyDirectory(
    source: string,
    destination: string,
    existing: BigIntStats | null,
    mode: number,
  ): Promise<void> {
    if (existing && !this.#options.force && nodeMajor >= 22) this.#checkErrorOnExist(destination);
    if (!existing) await startJob(this.#identity, 'mkdir', destination, 0o777);
    for await (const { name } of await opendir(this.#identity, source, undefined)) {
      await this.#copyEntry(join(source, name), join(destination, name));
    }
    if (this.#options.preserveTimestamps && nodeMajor >= 26) await this.#copyTimes(source, destination);
    if (!existing) await startJob(this.#identity, 'chmod', destination, mode);
  }

  async #copyEntry(source: string, destination: string): Promise<void> {
    const pair = await checkPair(this.#identity, source, destination, this.#options);
    if (pair) await this.#copy(source, destination, pair.destination);
  }

  async #copyLink(source: string, destination: string, existing: BigIntStats | null): Promise<void> {
    const linkText = textOf(await startJob(this.#identity, 'readlink', source, false));
    const target = this.#options.verbatimSymlinks ? linkText : resolve(dirname(source), linkText);
    const targetIsDirectory =
      (await statIfExists(this.#identity, 'stat', source).catch(() => null))?.isDirectory() ?? false;
    // Before version 24 node left the kind of the link to symlink(), which looks at the target.
    const kind = nodeMajor >= 24 ? (targetIsDirectory ? 'dir' : 'file') : undefined;
    if (existing && (await this.#isReplaceableLink(source, target, destination, targetIsDirectory))) {
      await startJob(this.#identity, 'unlink', destination);
    }
    await symlink(this.#identity, target, destination, kind);
  }

  /** Whether the destination is a link, which may then be replaced. Throws if the links would point into each other. */
  async #isReplaceableLink(
    source: string,
    target: string,
    destination: string,
    targetIsDirectory: boolean,
  ): Promise<boolean> {
    const linkText = await startJob(this.#identity, 'readlink', destination, false).catch(
      fallback(null, 'EINVAL', 'UNKNOWN'),
    );
    if (linkText === null) return false;
    const oldTarget = resolve(dirname(destination), textOf(linkText));
    if ((targetIsDirectory || nodeMajor < 24) && isInside(oldTarget, target)) {
      throw copyError(
        'invalidPair',
        destination,
        `cannot copy ${target} to a subdirectory of self ${oldTarget}`,
      );
    }
    const stats = toStats(await startJob(this.#identity, 'stat', source, true));
    if (stats.isDirectory() && isInside(target, oldTarget)) {
      throw copyError('symlinkToSubdirectory', destination, `cannot overwrite ${oldTarget} with ${target}`);
    }
    return true;
  }
}

/** Copies a file, link or directory like fs.promises.cp(). */
export function cp(identity: Identity, from: unknown, to: unknown, given: unknown): Promise<void> {
  const options = toCopyOptions(given);
  const source = textOf(toPath(from));
  const destination = textOf(toPath(to));
  return Promise.resolve().then(() => new CopyOperation(identity, options).start(source, destination));
}
