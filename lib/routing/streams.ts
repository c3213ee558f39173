import { optionsFor } from '../fs/streams';
import { currentIdentity, type Identity } from '../flow/identity';
import { currentTokenId } from '../scope/state';
import { notRouted, type AnyFunction, type Router } from './router';

interface Openable {
  readonly open?: unknown;
}

/** A subclass that opens by itself does so later on: in the same flow, but not in the same scope. */
function refuseOwnOpen(name: string, stream: Openable, { open }: Openable): void {
  if (currentTokenId() !== 0 && stream.open !== open) {
    throw notRouted(name, 'this subclass opens the file after the scope has ended');
  }
}

function routedArgs(identity: Identity, [path, options]: unknown[]): unknown[] {
  const isRefused = options != null && !['string', 'object', 'function'].includes(typeof options);
  return isRefused ? ['', options] : [path, optionsFor(identity, path, options)];
}

const routed = new WeakMap<AnyFunction, AnyFunction>();

/**
 * For node's classes of streams: a stream's file is opened as whoever made the stream. Node's createReadStream() and
 * createWriteStream() make what has been put into the place of the classes.
 */
export const stream: Router = (name, original) => {
  const known = routed.get(original);
  if (known) return known;
  const base = original.prototype as Openable & { constructor: unknown };
  const replacement: AnyFunction = new Proxy(original, {
    // Subclasses of the old kind call it for an object of theirs.
    apply(target, receiver: unknown, args) {
      const identity = currentIdentity();
      if (!identity) return Reflect.apply<unknown, unknown[], unknown>(target, receiver, args);
      if (receiver instanceof target) refuseOwnOpen(name, receiver, base);
      return Reflect.apply<unknown, unknown[], unknown>(target, receiver, routedArgs(identity, args));
    },
    construct(target, args, newTarget) {
      const made: AnyFunction = newTarget === replacement ? target : (newTarget as AnyFunction);
      const identity = currentIdentity();
      if (!identity) return Reflect.construct(target, args, made) as object;
      refuseOwnOpen(name, made.prototype as Openable, base);
      return Reflect.construct(target, routedArgs(identity, args), made) as object;
    },
  });
  base.constructor = replacement;
  routed.set(original, replacement);
  return replacement;
};
