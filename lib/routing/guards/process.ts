import { currentIdentity, hasIdentity } from '../../flow/identity';
import { originals } from '../../fs/node-fs';
import { native } from '../../internal/binding';
import { asProcess } from '../../internal/flow-store';
import { currentTokenId, enterSync } from '../../scope/state';
import { requireToken } from '../gate';
import { guardMethod, notRoutedError, replaceMethod } from '../router';

const { pid: ownPid } = process;

/** Functions that change the process, or start or stop another one as the process, and why they are refused. */
const refused: Readonly<Record<string, string>> = {
  chdir: 'all threads share the current folder',
  execve: "the program would not be the user's",
  binding: 'what it returns acts as the process',
  _linkedBinding: 'what it returns acts as the process',
  _debugProcess: 'it signals as the process',
};

/** Functions that throw ERR_SCOPE_ACTIVE in a scope by themselves. */
const credentials = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'];

/** Calls `call` under the effective identity, within one native frame. */
export function asUser<R>(call: () => R): R {
  const identity = currentIdentity();
  return !identity || currentTokenId() !== 0 ? call() : enterSync(identity.tokenRef.id, call);
}

/** Whether the id is of a thread of this process. The kernel takes it for the id of the process. */
const isOwnThread = (id: number): boolean =>
  native.port === 'linux' && asProcess(() => originals.existsSync(`/proc/self/task/${id}`));

/** Throws for signals that reach this process, which the system allows each of its threads. */
function requireOtherProcess(pid: unknown): void {
  const id = Number(pid);
  if (id > 0 && id !== ownPid && !isOwnThread(id)) return;
  throw notRoutedError('kill', 'the signal could reach this process', 'process.');
}

/** Makes process.kill() act as the user. It calls process._kill(). */
function routeKill(): void {
  replaceMethod(process, '_kill', (original, receiver, args) => {
    // A signal to this process needs no right, and handlers of signals send it again.
    if (args[0] !== ownPid) requireToken('process.kill');
    if (!hasIdentity()) return Reflect.apply(original, receiver, args);
    requireOtherProcess(args[0]);
    return asUser(() => Reflect.apply(original, receiver, args));
  });
}

/** Makes functions of `process` act as the user, or throw, in flows and scopes. */
export function guardProcess(): void {
  for (const [name, reason] of Object.entries(refused)) {
    guardMethod(process, name, (...args) => {
      if (hasIdentity()) throw notRoutedError(name, reason, 'process.');
      requireToken(`process.${name}`, args);
    });
  }
  for (const name of credentials) {
    guardMethod(process, name, () => {
      if (currentTokenId() === 0 && hasIdentity())
        throw notRoutedError(name, 'all threads share the user of the process', 'process.');
      requireToken(`process.${name}`);
    });
  }
  guardMethod(process, 'umask', (mask) => {
    if (mask !== undefined && hasIdentity())
      throw notRoutedError('umask', 'all threads share the mask', 'process.');
    if (mask !== undefined) requireToken('process.umask');
  });
  routeKill();
}
