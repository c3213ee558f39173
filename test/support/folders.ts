import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './paths';

const folders: string[] = [];

// Inside jest the folders go when the test file is done; a program of a test makes none of its own.
if (typeof afterAll === 'function') {
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
}

/** A new folder that anyone may pass through, removed after the test file. */
export function tempFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `impersonate-${name}-`));
  chmodSync(folder, 0o711);
  folders.push(folder);
  return folder;
}

const builds = [`build-${process.platform}-${process.arch}`, 'build'];
const addon = join(
  builds.find((build) => existsSync(join(root, build, 'Release', 'impersonate.node'))) ?? 'build',
  'Release',
  'impersonate.node',
);

export interface ProductCopy {
  readonly folder: string;
  /** The path of its addon. */
  readonly addon: string;
}

/** The built package in a folder of its own, where a user other than the owner of the checkout can read it. */
export function copyOfProduct(): ProductCopy {
  const folder = join(tempFolder('copy'), 'impersonate');
  mkdirSync(folder);
  for (const part of ['package.json', 'dist', addon]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  for (const dependency of ['bindings', 'file-uri-to-path']) {
    cpSync(join(root, 'node_modules', dependency), join(folder, 'node_modules', dependency), {
      recursive: true,
    });
  }
  return { folder, addon: join(folder, addon) };
}
