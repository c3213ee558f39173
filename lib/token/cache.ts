import { createHmac, randomBytes } from 'node:crypto';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import { validateAbortSignal, validateInteger, validateOptions, validateString } from '../internal/validate';
import { type ForUserOptions, validateForUser } from './for-user';
import { validatePassword, type LogonOptions } from './logon';
import { SharedRequest } from './shared-request';
import { Token } from './token';

/**
 * One name for two that differ in case, where the system takes them for the same. Beyond ASCII its rules are not
 * JavaScript's, which would make one user of two: such names differ.
 */
export function asciiFold(name: string): string {
  if (native.port !== 'win32') return name;
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Keys for logons that tell passwords apart and do not tell them. */
export class LogonKeys {
  readonly #secret = randomBytes(32);

  /** The options as they are now: read once, so that the key is that of what is asked. */
  validate(options: LogonOptions): LogonOptions {
    const known = ['user', 'domain', 'password', 'type', 'provider', 'service', 'signal'] as const;
    validateOptions(options, 'options', known);
    const copy = { ...options };
    const { user, password, signal } = copy;
    validateString(user, 'options.user');
    // What is no text may look like something else in a key.
    for (const name of ['domain', 'type', 'provider', 'service'] as const) {
      if (copy[name] !== undefined) validateString(copy[name], `options.${name}`);
    }
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    validatePassword(password);
    return copy;
  }

  keyOf({ user, domain, password, type, provider, service }: LogonOptions): string {
    const who = [asciiFold(user), domain === undefined ? null : asciiFold(domain), type, provider, service];
    const hmac = createHmac('sha256', this.#secret).update(JSON.stringify(who));
    return JSON.stringify(['logon', hmac.update('\0').update(password).digest('base64')]);
  }
}

export interface TokenCacheOptions {
  /** Milliseconds that a token is handed out for, at most a day; 30,000 by default. */
  ttl?: number;
  /** Tokens kept, 1 to 16,384; beyond it the one that has gone unused longest is let go. 100 by default. */
  max?: number;
}

interface Entry {
  readonly name: string;
  readonly token: Token;
  readonly until: number;
}

const day = 86_400_000;

/**
 * Tokens by who they are for, so that a server does not ask the security authority at every request. Each call gives
 * a Token of its own, which its caller closes, of one kernel token. What the authority has since changed (groups, a
 * disabled account, a password) is noticed once `ttl` is over, or after `clear()`. Failures are not kept.
 */
export class TokenCache {
  readonly #ttl: number;
  readonly #max: number;
  readonly #keys = new LogonKeys();
  /** Longest unused first. */
  readonly #entries = new Map<string, Entry>();
  readonly #requests = new Map<string, SharedRequest>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TokenCacheOptions = {}) {
    validateOptions(options, 'options', ['ttl', 'max']);
    const { ttl = 30_000, max = 100 } = options;
    validateInteger(ttl, 'options.ttl', 1, day);
    validateInteger(max, 'options.max', 1, 16_384);
    this.#ttl = ttl;
    this.#max = max;
  }

  /** Tokens kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** `Token.forUser`. Calls for the same user at the same time share one question; each can be aborted by itself. */
  async forUser(name: string, options: ForUserOptions = {}): Promise<Token> {
    validateForUser(name, options);
    const { source = 'auto', account = false, signal } = options;
    const key = JSON.stringify(['user', source, account, asciiFold(name)]);
    return this.#token(key, name, signal, (shared) =>
      Token.forUser(name, { source, account, signal: shared }),
    );
  }

  /** `Token.logon`. A token is only for who knows the password that it was made with. */
  async logon(options: LogonOptions): Promise<Token> {
    const { signal, ...asked } = this.#keys.validate(options);
    // The password is read before this returns: nothing of it is kept but the key.
    return this.#token(this.#keys.keyOf(asked), asked.user, signal, (shared) =>
      Token.logon({ ...asked, signal: shared }),
    );
  }

  /**
   * Lets go of what is kept for that name, as it was given, or of everything. Requests under way answer those who
   * wait for them, and nobody else. Tokens that were handed out stay open.
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

  /** `clear()`, for good: every call from now on rejects with ERR_TOKEN_CACHE_CLOSED. */
  close(): void {
    this.#closed = true;
    this.clear();
  }

  /** `close()`. */
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
      request = new SharedRequest(asciiFold(name), ask, (made, token) => {
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

  /** Keeps the token unless the request has been let go meanwhile. */
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
    // In no flow: the timer must not keep the flow's token open.
    this.#timer = runInFlow(null, () =>
      setTimeout(() => {
        this.#sweep();
      }, delay).unref(),
    );
  }
}
