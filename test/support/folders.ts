import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './paths';

const folders: string[] = [];

// Jest removes the folders after the test file. Programs of tests do not call tempFolder().
if (typeof afterAll === 'function') {
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
}

/** Makes a folder that every user may traverse, removed after the test file. */
export function tempFolder(name: string, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `impersonate-${name}-`));
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

/** Copies the built package to a folder where users other than the owner of the checkout can read it. */
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
