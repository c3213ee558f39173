// Its first load starts a thread that reads certificates, which must not be born inside a scope.
import tls from 'node:tls';
import util from 'node:util';
import { asProcess } from '../../internal/flow-store';
import { isThreadImpersonating } from '../../flow/identity';
import { replaceMethod } from '../router';

/** Makes `owner[name]` run as the process while the thread impersonates. */
function callAsProcess(owner: object, name: string): void {
  replaceMethod(owner, name, (original, receiver, args) => {
    const call = (): unknown => Reflect.apply(original, receiver, args);
    return isThreadImpersonating() ? asProcess(call) : call();
  });
}

/** Makes the getter of a property run as the process when it is first read. */
function makeAsProcess(owner: object, name: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor?.get || !descriptor.configurable) return;
  const make = descriptor.get.bind(owner) as () => unknown;
  Object.defineProperty(owner, name, {
    ...descriptor,
    get() {
      const value = asProcess(make);
      Object.defineProperty(owner, name, descriptor);
      return value;
    },
  });
}

/**
 * Makes values that node creates or loads on first use be created as the process: the standard streams, built-in
 * modules and native libraries. Otherwise their threads and kernel objects would belong to the user. On Windows the
 * user's drive letters would also decide which library file is loaded.
 */
export function guardLazyParts(): void {
  for (const name of ['stdin', 'stdout', 'stderr']) makeAsProcess(process, name);
  for (const name of ['dlopen', 'getBuiltinModule']) callAsProcess(process, name);
  // Node keeps the certificates of the system for all users, and starts a thread to trace a signal.
  callAsProcess(tls, 'getCACertificates');
  callAsProcess(util, 'setTraceSigInt');
}
