import { hasIdentity } from '../flow/identity';
import { ImpersonationError } from '../internal/error';
import { currentFlow, currentStore, newFlow, runInFlow, type Flow, type Store } from '../internal/flow-store';
import { currentTokenId } from '../scope/state';
import { Token } from '../token/token';

/** Returns the flow of the effective identity, which may be that of a synchronous scope. */
function effectiveFlow(): Flow | undefined {
  if (currentTokenId() === 0) return currentFlow();
  const token = Token.current();
  return newFlow(token, token.ref());
}

const currentKey = (): string | undefined => (hasIdentity() ? Token.current().poolKey : undefined);

/**
 * The identity that connections authenticate with: the effective one where the owner is made. The object keeps its token
 * open.
 */
export class Owner {
  readonly #store: Store;
  /** Undefined for the process identity. */
  readonly #key: string | undefined;
  /** The flow that was last found to be the owner's. */
  #known: WeakRef<Flow> | undefined;

  /** Makes the effective identity the owner. */
  constructor() {
    this.#key = currentKey();
    this.#store = effectiveFlow() ?? currentStore();
  }

  /**
   * Calls `fn` in the owner's flow and returns its result. If the running code is in another flow of the same identity,
   * that flow stays: its token may have newer credentials.
   */
  run<R>(fn: () => R): R {
    const isOwn = this.#key !== undefined && currentTokenId() === 0 && currentKey() === this.#key;
    return isOwn ? fn() : runInFlow(this.#store, fn);
  }

  /** Throws ERR_IDENTITY_CONFLICT in the flow or scope of another user. The process may do everything. */
  requireOwner(): void {
    const flow = currentFlow();
    const isInScope = currentTokenId() !== 0;
    if (!isInScope && (!flow || flow === this.#store || flow === this.#known?.deref())) return;
    if (currentKey() !== this.#key) {
      throw new ImpersonationError(
        `The connection was authenticated for ${this.#key === undefined ? 'the process' : 'another user'} than the ` +
          'effective identity: make a pool for each user, in the flow of the user, as UserPools does',
        'ERR_IDENTITY_CONFLICT',
      );
    }
    if (!isInScope && flow) this.#known = new WeakRef(flow);
  }
}
