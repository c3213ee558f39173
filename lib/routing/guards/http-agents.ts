import { Agent } from 'node:http';
import { currentIdentity, type Identity } from '../../flow/identity';
import { asProcess } from '../../internal/flow-store';
import { enterSync } from '../../scope/state';
import { isSealed, requireToken } from '../gate';
import { replaceMethod } from '../router';

/** In the options of a request of an agent: the identity that its connection belongs to; null for the process. */
const owner = Symbol('owner');

interface RequestOptions {
  readonly socketPath?: unknown;
  readonly [owner]?: Identity | null;
}

/** Throws for a request that a sealed thread may not make. An agent's own options have precedence. */
function requireTokenFor(agent: unknown, options: unknown): void {
  const { socketPath } = {
    ...(options as RequestOptions),
    ...(agent as { options?: RequestOptions }).options,
  };
  if (socketPath) requireToken('http.request', [socketPath]);
}

/**
 * Makes an http.Agent share connections to a socket in the file system within one token only: the server takes a
 * connection for the user who opened it. A request that waits for a connection gets one of its own identity, whichever
 * event opens it.
 */
export function guardHttpAgents(): void {
  const agent = Agent.prototype;
  replaceMethod(agent, 'addRequest', (original, receiver, [request, options, ...rest]) => {
    requireTokenFor(receiver, options);
    const given =
      typeof options === 'object' && options !== null
        ? { ...options, [owner]: currentIdentity() ?? null }
        : options;
    return Reflect.apply(original, receiver, [request, given, ...rest]);
  });
  replaceMethod(agent, 'getName', (original, receiver, args) => {
    const name = Reflect.apply(original, receiver, args) as string;
    const { socketPath, [owner]: identity } = (args[0] ?? {}) as RequestOptions;
    return socketPath && identity ? `${name}:${identity.tokenRef.id}` : name;
  });
  replaceMethod(agent, 'createSocket', (original, receiver, args) => {
    const create = (): unknown => Reflect.apply(original, receiver, args);
    const { socketPath, [owner]: identity } = (args[1] ?? {}) as RequestOptions;
    if (!socketPath || identity === undefined) return create();
    if (identity) return currentIdentity() === identity ? create() : enterSync(identity.tokenRef.id, create);
    // The request was checked when the agent got it.
    return currentIdentity() || isSealed() ? asProcess(create) : create();
  });
}
