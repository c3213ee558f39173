import { requireIdentity } from '../flow/identity';
import { asProcess } from '../internal/flow-store';
import { validateFunction, validateInteger, validateOptions } from '../internal/validate';
import { Token } from '../token/token';

/**
 * How pools end.
 *
 * @example
 * import pg from 'pg';
 * const options: UserPoolsOptions<pg.Pool> = { end: (pool) => pool.end(), idleTimeout: 300_000 };
 */
export interface UserPoolsOptions<P> {
  /**
   * Ends a pool, as the process. The pool lets its connections finish their work.
   *
   * @param pool - A pool that `get()` does not return again.
   * @returns A promise if it takes time.
   */
  end: (pool: P) => unknown;
  /** Milliseconds without a `get()` after which a user's pool is ended, 1 to 2,147,483,647; 60,000 by default. */
  idleTimeout?: number;
}

interface Entry<P> {
  readonly pool: P;
  readonly timer: NodeJS.Timeout;
}

/**
 * A pool of connections for each user: a connection that was authenticated for one never serves another. `P` is a `Pool`
 * of node-postgres, an `sql` of postgres.js, or anything else that connects as the effective identity.
 *
 * @example
 * import pg from 'pg';
 * const negotiator = new NegotiateClient();
 * const pools = new UserPools(
 *   () => new pg.Pool({ host: 'db.example.com', user: 'alice', database: 'sales', stream: gssStream({ negotiator }) }),
 *   { end: (pool) => pool.end() },
 * );
 * await token.run(() => pools.get().query('select current_user'));
 */
export class UserPools<P> {
  readonly #make: (token: Token) => P;
  readonly #end: (pool: P) => unknown;
  readonly #idleTimeout: number;
  /** By `token.poolKey`. */
  readonly #entries = new Map<string, Entry<P>>();

  /**
   * @param make - Makes a pool. It is called with the user's token, as the user.
   * @param options - How pools end.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   */
  constructor(make: (token: Token) => P, options: UserPoolsOptions<P>) {
    validateFunction(make, 'make');
    validateOptions(options, 'options', ['end', 'idleTimeout']);
    const { end, idleTimeout = 60_000 } = options;
    validateFunction(end, 'options.end');
    validateInteger(idleTimeout, 'options.idleTimeout', 1, 2 ** 31 - 1);
    this.#make = make;
    this.#end = end;
    this.#idleTimeout = idleTimeout;
  }

  /** The number of users with a pool. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns the pool of the effective identity, by `token.poolKey`, and makes it if there is none. Call it for each piece
   * of work: a pool that was kept for longer than `idleTimeout` may have ended.
   *
   * @returns The pool.
   * @throws ImpersonationError `ERR_NO_TOKEN` outside of flows and scopes, `ERR_IDENTITY_CONFLICT`, and what `make` throws.
   * @example
   * const pools = new UserPools((user) => ({ user: user.user.id }), { end: () => {} });
   * const pool = token.run(() => pools.get());
   */
  get(): P {
    requireIdentity();
    const token = Token.current();
    const key = token.poolKey;
    const known = this.#entries.get(key);
    if (known) {
      known.timer.refresh();
      return known.pool;
    }
    const pool = this.#make(token);
    const timer = setTimeout(() => void this.#close(key), this.#idleTimeout).unref();
    this.#entries.set(key, { pool, timer });
    return pool;
  }

  /**
   * Ends all pools.
   *
   * @returns A promise that rejects with what `end` throws, after all have ended.
   * @example
   * const pools = new UserPools((user) => ({ user: user.user.id }), { end: () => {} });
   * process.once('SIGTERM', () => pools.close());
   */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#entries.keys()].map((key) => this.#close(key)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #close(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    clearTimeout(entry?.timer);
    return asProcess(async () => {
      if (entry) await this.#end(entry.pool);
    });
  }
}
