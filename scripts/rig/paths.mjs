import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Everything the Windows runs need and this machine lacks is kept here; safe to delete at any time. */
export const rigFolder = path.resolve(process.env.IMPERSONATE_RIG || path.join(projectRoot, '.rig'));

/** The Node.js lines this package supports. */
export const nodeMajors = [20, 22, 24, 26];

/** How a Windows program under Wine names a file of this machine. */
export function toWindowsPath(file) {
  return 'Z:' + path.resolve(file).replaceAll('/', '\\');
}
