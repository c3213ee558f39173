import { currentIdentity, type Identity } from '../flow/identity';
import { deferred } from '../internal/deferred';
import { currentTokenId } from '../scope/state';
import { refusalOf } from './gate';
import { notRoutedError, type AnyFunction, type Router } from './router';

interface Openable {
  readonly open?: unknown;
}

/** Throws for a subclass with its own `open`, which runs later: in the same flow, but after the end of the scope. */
function rejectOwnOpen(name: string, stream: Openable, { open }: Openable): void {
  if (currentTokenId() !== 0 && stream.open !== open) {
    throw notRoutedError(name, 'this subclass opens the file after the end of the scope');
  }
}

const isInvalid = (options: unknown): boolean =>
  options != null && !['string', 'object', 'function'].includes(typeof options);

function routedArgs(name: string, identity: Identity, [path, options]: unknown[]): unknown[] {
  // Its open() calls fs.open(), which reads the archive as the process.
  const archived = name.endsWith('ReadStream') && deferred().archivedStream(path, options);
  if (archived) return [archived, options];
  return isInvalid(options) ? ['', options] : [path, deferred().streamOptions(identity, path, options)];
}

/** Returns the arguments of a stream without an identity. On a sealed thread its file may not be opened. */
function unroutedArgs(name: string, args: unknown[], called: AnyFunction): unknown[] {
  const refusal = refusalOf(`fs.${name}`, args, called);
  const [path, options] = args;
  return refusal && !isInvalid(options) ? [path, deferred().failingOptions(refusal, path, options)] : args;
}

const routed = new WeakMap<AnyFunction, AnyFunction>();

/**
 * Routes a stream class of node: the file is opened as the identity in effect when the stream is constructed. Node's
 * createReadStream() and createWriteStream() use the exported classes, so they are routed as well.
 */
export const stream: Router = (name, original) => {
  const known = routed.get(original);
  if (known) return known;
  const base = original.prototype as Openable & { constructor: unknown };
  const replacement: AnyFunction = new Proxy(original, {
    // Subclasses made with util.inherits() call the constructor as a function.
    apply(target, receiver: unknown, args) {
      const identity = currentIdentity();
      if (!identity)
        return Reflect.apply<unknown, unknown[], unknown>(
          target,
          receiver,
          unroutedArgs(name, args, replacement),
        );
      if (receiver instanceof target) rejectOwnOpen(name, receiver, base);
      return Reflect.apply<unknown, unknown[], unknown>(target, receiver, routedArgs(name, identity, args));
    },
    construct(target, args, newTarget) {
      const made: AnyFunction = newTarget === replacement ? target : (newTarget as AnyFunction);
      const identity = currentIdentity();
      if (!identity) return Reflect.construct(target, unroutedArgs(name, args, replacement), made) as object;
      rejectOwnOpen(name, made.prototype as Openable, base);
      return Reflect.construct(target, routedArgs(name, identity, args), made) as object;
    },
  });
  base.constructor = replacement;
  routed.set(original, replacement);
  return replacement;
};
