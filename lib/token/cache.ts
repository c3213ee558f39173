import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import { validateInteger, validateOptions, validateString } from '../internal/validate';
import type { ForUserOptions } from './for-user';
import type { LogonOptions } from './logon';
import { asciiFold } from './principal';
import type { SharedRequest } from './shared-request';
import { Token } from './token';

/**
 * How long and how many tokens a `TokenCache` keeps.
 *
 * @example
 * const options: TokenCacheOptions = { ttl: 60_000, max: 1_000 };
 * using cache = new TokenCache(options);
 */
export interface TokenCacheOptions {
  /** Milliseconds for which a cached token is returned, 1 to 86,400,000 (a day); 30,000 by default. */
  ttl?: number;
  /** Tokens kept, 1 to 16,384; beyond it the least recently used one is evicted. 100 by default. */
  max?: number;
}

interface Entry {
  readonly name: string;
  readonly token: Token;
  readonly until: number;
}

const day = 86_400_000;

/**
 * Caches tokens by user, so that a server does not query the security authority at every request. Each call returns a
 * Token object of the caller's own, to be closed, for a shared kernel token. A change at the authority (groups, a disabled
 * account, a password) has effect when `ttl` is over or after `clear()`. Failures are not cached. Used on the thread that
 * made it.
 *
 * @example
 * const cache = new TokenCache({ ttl: 60_000 });
 * using alice = await cache.forUser('alice');
 * const names = await alice.run(() => fs.promises.readdir('/srv/files'));
 */
export class TokenCache {
  readonly #ttl: number;
  readonly #max: number;
  readonly #keys = new (deferred().LogonKeys)();
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #requests = new Map<string, SharedRequest>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param options - The lifetime and number of cached tokens.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   */
  constructor(options: TokenCacheOptions = {}) {
    validateOptions(options, 'options', ['ttl', 'max']);
    const { ttl = 30_000, max = 100 } = options;
    validateInteger(ttl, 'options.ttl', 1, day);
    validateInteger(max, 'options.max', 1, 16_384);
    this.#ttl = ttl;
    this.#max = max;
  }

  /** The number of cached tokens. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns a token as `Token.forUser` does. Concurrent calls for one user share one request to the authority; each can be
   * aborted by itself.
   *
   * @param name - As for `Token.forUser`.
   * @param options - As for `Token.forUser`.
   * @returns A token of the caller's own, to be closed.
   * @throws ImpersonationError Rejects with `ERR_TOKEN_CACHE_CLOSED`, and as `Token.forUser` does.
   * @example
   * using cache = new TokenCache();
   * using alice = await cache.forUser('alice');
   */
  async forUser(name: string, options: ForUserOptions = {}): Promise<Token> {
    const validate: (name: unknown, options: unknown) => void = deferred().validateForUser;
    validate(name, options);
    const { source = 'auto', account = false, signal } = options;
    const key = JSON.stringify(['user', source, account, asciiFold(name)]);
    return this.#token(key, name, signal, (shared) =>
      Token.forUser(name, { source, account, signal: shared }),
    );
  }

  /**
   * Returns a token as `Token.logon` does. A cached token is returned only for the password that it was made with.
   *
   * @param options - As for `Token.logon`.
   * @returns A token of the caller's own, to be closed.
   * @throws ImpersonationError Rejects with `ERR_TOKEN_CACHE_CLOSED`, and as `Token.logon` does.
   * @example
   * using cache = new TokenCache();
   * using alice = await cache.logon({ user: 'alice', password });
   */
  async logon(options: LogonOptions): Promise<Token> {
    const { signal, ...logon } = this.#keys.validate(options);
    // The password is read before this returns, and only the key is kept.
    return this.#token(this.#keys.keyOf(logon), logon.user, signal, (shared) =>
      Token.logon({ ...logon, signal: shared }),
    );
  }

  /**
   * Evicts the tokens of one name, as it was given, or all tokens. Requests in progress complete for their present
   * callers and are not cached. Tokens that were returned stay open.
   *
   * @param name - The name; all names if it is left out.
   * @example
   * using cache = new TokenCache();
   * using alice = await cache.forUser('alice');
   * cache.clear('alice');
   * console.log(cache.size); // Prints: 0
   */
  clear(name?: string): void {
    if (name !== undefined) validateString(name, 'name');
    const wanted = name === undefined ? undefined : asciiFold(name);
    for (const [key, entry] of this.#entries) {
      if (wanted === undefined || entry.name === wanted) this.#drop(key, entry);
    }
    for (const [key, request] of this.#requests) {
      if (wanted === undefined || request.name === wanted) this.#requests.delete(key);
    }
    this.#schedule();
  }

  /**
   * Evicts all tokens. Further calls reject with `ERR_TOKEN_CACHE_CLOSED`.
   *
   * @example
   * const cache = new TokenCache();
   * process.once('SIGTERM', () => cache.close());
   */
  close(): void {
    this.#closed = true;
    this.clear();
  }

  /** Calls `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #token(
    key: string,
    name: string,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<Token>,
  ): Promise<Token> {
    if (this.#closed) throw new ImpersonationError('The token cache is closed', 'ERR_TOKEN_CACHE_CLOSED');
    signal?.throwIfAborted();
    const entry = this.#find(key);
    if (entry) return Promise.resolve(new Token(internal, native.aliasToken(entry.token.openId())));
    let request = this.#requests.get(key);
    if (!request) {
      request = new (deferred().SharedRequest)(asciiFold(name), ask, (made, token) => {
        this.#settled(key, made, token);
      });
      this.#requests.set(key, request);
    }
    return request.wait(signal);
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (performance.now() >= entry.until) {
      entry.token.close();
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry;
  }

  /** Caches the token, unless its request has been evicted. */
  #settled(key: string, request: SharedRequest, token: Token | undefined): void {
    const current = this.#requests.get(key) === request;
    if (current) this.#requests.delete(key);
    if (!token) return;
    if (!current) {
      token.close();
      return;
    }
    this.#entries.set(key, { name: request.name, token, until: performance.now() + this.#ttl });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#max) break;
      this.#drop(oldest, entry);
    }
    this.#schedule();
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    entry.token.close();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, entry] of this.#entries) if (now >= entry.until) this.#drop(key, entry);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#entries.size === 0) return;
    const first = Math.min(...[...this.#entries.values()].map((entry) => entry.until));
    const delay = Math.max(1, Math.ceil(first - performance.now()));
    // Outside of flows: the timer must not keep the flow's token open.
    this.#timer = runInFlow(null, () =>
      setTimeout(() => {
        this.#sweep();
      }, delay).unref(),
    );
  }
}
