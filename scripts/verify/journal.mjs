import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

const suffix = '.journal';

/**
 * The list of what a run makes: users and folders, by name only. Each is written to the disk before it is made, so that
 * a run that was killed leaves nothing that a later run does not find.
 */
export class Journal {
  #file;

  constructor(file) {
    this.#file = file;
  }

  /** Starts the journal of a run in the folder `home`, which the caller's account alone may change. */
  static start(home, run) {
    mkdirSync(home, { recursive: true });
    return new Journal(path.join(home, run + suffix));
  }

  /** Returns the journals of earlier runs. */
  static leftIn(home) {
    let names = [];
    try {
      names = readdirSync(home);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    return names.filter((name) => name.endsWith(suffix)).map((name) => new Journal(path.join(home, name)));
  }

  /** Records that a thing is about to be made. `kind` is `user` or `folder`. */
  record(kind, name) {
    const fd = openSync(this.#file, 'a', 0o600);
    try {
      writeSync(fd, `${JSON.stringify({ kind, name })}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Returns the entries, the last one first. A line that the end of a run has cut off was not acted upon. */
  entries() {
    let text = '';
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line)).reverse();
  }

  /** Ends the journal when everything in it is removed. */
  end() {
    rmSync(this.#file, { force: true });
  }
}
