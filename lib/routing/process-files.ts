import fs from 'node:fs';
import Module from 'node:module';
import * as util from 'node:util';
import { hasIdentity } from '../flow/identity';
import { requireToken } from './gate';
import { notRoutedError, replaceMethod } from './router';

/** Does what process.loadEnvFile() does, but reads the file as the user. */
function loadEnvFile(path: unknown): void {
  const values = util.parseEnv(fs.readFileSync((path ?? '.env') as string, 'utf8'));
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(process.env, name)) process.env[name] = value;
  }
}

/**
 * Routes the functions of `process` and node:module that use files. Node writes the compile cache at the end of the
 * thread, as the process.
 */
export function routeProcessFiles(): void {
  replaceMethod(process, 'loadEnvFile', (original, receiver, args) => {
    requireToken('process.loadEnvFile', args);
    // A number would be an open descriptor for node:fs.
    if (!hasIdentity() || typeof args[0] === 'number') return Reflect.apply(original, receiver, args);
    loadEnvFile(args[0]);
    return undefined;
  });
  replaceMethod(Module, 'enableCompileCache', (original, receiver, args) => {
    if (hasIdentity()) {
      throw notRoutedError('enableCompileCache', 'the cache is written at the end of the thread', 'module.');
    }
    return Reflect.apply(original, receiver, args);
  });
}
