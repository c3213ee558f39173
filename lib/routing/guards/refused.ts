import { hasIdentity } from '../../flow/identity';
import { nodeRequire } from '../../internal/own-folder';
import { refusedOf } from '../builtins';
import { requireToken } from '../gate';
import { guardMethod, notRoutedError } from '../router';

/** Modules with functions that are refused as they are exported. Guards of their own reach the others. */
const modules = ['crypto', 'os', 'v8'];

function refuse(object: object, name: string, owner: string): void {
  guardMethod(object, name, (...args) => {
    if (hasIdentity()) throw notRoutedError(name, 'it would act as the process', owner);
    requireToken(owner + name, args);
  });
}

/** Makes functions that would act as the process later, or on all of it, throw ERR_NOT_ROUTED in flows and scopes. */
export function guardRefused(): void {
  for (const module of modules) {
    const exports = nodeRequire(`node:${module}`) as object;
    for (const name of refusedOf(module)) refuse(exports, name, `${module}.`);
  }
  refuse(process.report, 'writeReport', 'process.report.');
}
