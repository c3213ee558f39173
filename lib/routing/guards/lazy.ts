// At its first load it starts a thread that reads certificates.
import 'node:tls';
import { asProcess } from '../../internal/flow-store';
import { isThreadImpersonating } from '../../flow/identity';
import { replaceMethod } from '../router';

function callAsProcess(owner: object, name: string): void {
  if (!(name in owner)) return;
  replaceMethod(owner, name, (original, receiver, args) => {
    const call = (): unknown => Reflect.apply(original, receiver, args);
    return isThreadImpersonating() ? asProcess(call) : call();
  });
}

/** For a property whose value node makes when it is first read. */
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
 * What node makes or loads when it is first asked for is made and loaded as the process, whoever asks: the streams of
 * standard input and output, its own modules, and native libraries, whose threads and kernel objects would be the
 * user's. On Windows the user's own drive letters would decide which file a library is.
 */
export function guardLazyParts(): void {
  for (const name of ['stdin', 'stdout', 'stderr']) makeAsProcess(process, name);
  for (const name of ['dlopen', 'getBuiltinModule']) callAsProcess(process, name);
}
