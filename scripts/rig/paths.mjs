import path from 'node:path';
import process from 'node:process';
import { root } from '../support/root.mjs';

/** Everything the Windows runs need and this machine lacks is kept here; safe to delete while nothing runs. */
export const rigFolder = path.resolve(process.env.IMPERSONATE_RIG || path.join(root, '.rig'));

/** The Node.js lines this package supports. */
export const nodeMajors = [20, 22, 24, 26];

/** How a Windows program under Wine names a file of this machine. */
export function toWindowsPath(file) {
  return 'Z:' + path.resolve(file).replaceAll('/', '\\');
}
