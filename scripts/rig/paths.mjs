import path from 'node:path';
import process from 'node:process';
import { root } from '../support/root.mjs';

/** The folder of the downloads for the Windows runs. It can be deleted while nothing runs. */
export const rigFolder = path.resolve(process.env.IMPERSONATE_RIG || path.join(root, '.rig'));

/** The Node.js lines this package supports. */
export const nodeMajors = [20, 22, 24, 26];

/** Converts a path of this machine to the path of a Windows program under Wine. */
export function toWindowsPath(file) {
  return 'Z:' + path.resolve(file).replaceAll('/', '\\');
}
