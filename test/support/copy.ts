import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths';
import { tempFolder } from './temp-folder';

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
