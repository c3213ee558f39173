import type { BigIntStats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Identity } from '../flow/identity';
import { checkAbove, checkPair, isInside, lookFor } from './cp-checks';
import { copyError } from './cp-checks';
import { toCopyOptions, type CopyOptions } from './cp-checks';
import { unless } from './error';
import { opendir } from './dir';
import { startJob } from './job';
import { symlink } from './links';
import { mkdir } from './mkdir';
import { nodeMajor } from './node-fs';
import { textOf, toPath } from './path';
import { toStats } from './stat';

/** One copying, and whose it is. Called from promises only, so that no await is in a synchronous scope. */
class Copying {
  readonly #identity: Identity;
  readonly #options: CopyOptions;

  constructor(identity: Identity, options: CopyOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  async start(source: string, destination: string): Promise<void> {
    const pair = await checkPair(this.#identity, source, destination, this.#options);
    if (!pair) return;
    await checkAbove(this.#identity, source, pair.source, destination);
    const above = dirname(destination);
    if (!(await lookFor(this.#identity, 'stat', above)))
      await mkdir(this.#identity, above, { recursive: true });
    await this.#copy(source, destination, pair.destination);
  }

  async #copy(source: string, destination: string, there: BigIntStats | null): Promise<void> {
    const call = this.#options.dereference ? 'stat' : 'lstat';
    const stats = toStats(await startJob(this.#identity, call, source, true)) as BigIntStats;
    if (stats.isDirectory()) {
      if (!this.#options.recursive)
        throw copyError('directory', source, `${source} is a directory (not copied)`);
      return this.#copyFolder(source, destination, there, Number(stats.mode));
    }
    if (stats.isFile() || stats.isCharacterDevice() || stats.isBlockDevice()) {
      return this.#copyFile(source, destination, there, Number(stats.mode));
    }
    if (stats.isSymbolicLink()) return this.#copyLink(source, destination, there);
    if (stats.isSocket()) throw copyError('socket', destination, `cannot copy a socket file: ${destination}`);
    if (stats.isFIFO()) throw copyError('fifo', destination, `cannot copy a FIFO pipe: ${destination}`);
    throw copyError('unknown', destination, `cannot copy an unknown file type: ${destination}`);
  }

  async #copyFile(
    source: string,
    destination: string,
    there: BigIntStats | null,
    mode: number,
  ): Promise<void> {
    if (there) {
      if (!this.#options.force) {
        this.#keep(destination);
        return;
      }
      await startJob(this.#identity, 'unlink', destination);
    }
    await startJob(this.#identity, 'copyfile', source, destination, this.#options.mode);
    if (this.#options.preserveTimestamps) {
      // Setting the times opens the file for writing.
      if ((mode & 0o200) === 0) await startJob(this.#identity, 'chmod', destination, mode | 0o200);
      await this.#copyTimes(source, destination);
    }
    await startJob(this.#identity, 'chmod', destination, mode);
  }

  #keep(destination: string): void {
    if (this.#options.errorOnExist) throw copyError('exists', destination, `${destination} already exists`);
  }

  /** Asked for anew: the copying has read the source. */
  async #copyTimes(source: string, destination: string): Promise<void> {
    const { atime, mtime } = toStats(await startJob(this.#identity, 'stat', source, false));
    await startJob(this.#identity, 'utime', destination, atime.getTime() / 1000, mtime.getTime() / 1000);
  }

  async #copyFolder(
    source: string,
    destination: string,
    there: BigIntStats | null,
    mode: number,
  ): Promise<void> {
    if (there && !this.#options.force && nodeMajor >= 22) this.#keep(destination);
    if (!there) await startJob(this.#identity, 'mkdir', destination, 0o777);
    for await (const { name } of await opendir(this.#identity, source, undefined)) {
      await this.#copyEntry(join(source, name), join(destination, name));
    }
    if (this.#options.preserveTimestamps && nodeMajor >= 26) await this.#copyTimes(source, destination);
    if (!there) await startJob(this.#identity, 'chmod', destination, mode);
  }

  async #copyEntry(source: string, destination: string): Promise<void> {
    const pair = await checkPair(this.#identity, source, destination, this.#options);
    if (pair) await this.#copy(source, destination, pair.destination);
  }

  async #copyLink(source: string, destination: string, there: BigIntStats | null): Promise<void> {
    const said = textOf(await startJob(this.#identity, 'readlink', source, false));
    const target = this.#options.verbatimSymlinks ? said : resolve(dirname(source), said);
    const leadsToFolder =
      (await lookFor(this.#identity, 'stat', source).catch(() => null))?.isDirectory() ?? false;
    // Before version 24 node left the kind to what is at the target.
    const kind = nodeMajor >= 24 ? (leadsToFolder ? 'dir' : 'file') : undefined;
    if (there && (await this.#mayReplace(source, target, destination, leadsToFolder))) {
      await startJob(this.#identity, 'unlink', destination);
    }
    await symlink(this.#identity, target, destination, kind);
  }

  /** Whether the destination is a link, which may be replaced; links must not end up leading into each other. */
  async #mayReplace(
    source: string,
    target: string,
    destination: string,
    leadsToFolder: boolean,
  ): Promise<boolean> {
    const said = await startJob(this.#identity, 'readlink', destination, false).catch(
      unless(null, 'EINVAL', 'UNKNOWN'),
    );
    if (said === null) return false;
    const old = resolve(dirname(destination), textOf(said));
    if ((leadsToFolder || nodeMajor < 24) && isInside(old, target)) {
      throw copyError('invalidPair', destination, `cannot copy ${target} to a subdirectory of self ${old}`);
    }
    const stats = toStats(await startJob(this.#identity, 'stat', source, true));
    if (stats.isDirectory() && isInside(target, old)) {
      throw copyError('intoItself', destination, `cannot overwrite ${old} with ${target}`);
    }
    return true;
  }
}

export function cp(identity: Identity, from: unknown, to: unknown, given: unknown): Promise<void> {
  const options = toCopyOptions(given);
  const source = textOf(toPath(from));
  const destination = textOf(toPath(to));
  return Promise.resolve().then(() => new Copying(identity, options).start(source, destination));
}
