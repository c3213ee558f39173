import { addAbortListener } from 'node:events';
import { native } from '../internal/binding';
import { withCallers } from '../internal/error';
import { runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import { Token } from './token';

interface Waiter {
  resolve(token: Token): void;
  reject(reason: unknown): void;
  stop(): void;
}

/** One request to the security authority, shared by all concurrent calls for the same key. */
export class SharedRequest {
  readonly name: string;
  readonly #waiters = new Set<Waiter>();
  readonly #controller = new AbortController();
  readonly #abandoned: () => void;

  /** Calls `settled` with the token, which it then owns, after every waiting call has its own. */
  constructor(
    name: string,
    ask: (signal: AbortSignal) => Promise<Token>,
    settled: (request: SharedRequest, token?: Token) => void,
  ) {
    this.name = name;
    this.#abandoned = () => {
      settled(this);
    };
    // Outside of flows: the request belongs to none of its callers.
    runInFlow(null, () => ask(this.#controller.signal)).then(
      (token) => {
        this.#settle((waiter) => {
          waiter.resolve(new Token(internal, native.aliasToken(token.openId())));
        });
        settled(this, token);
      },
      (error: unknown) => {
        this.#settle((waiter) => {
          waiter.reject(error);
        });
        settled(this);
      },
    );
  }

  /** Resolves to a token of the caller's own. When the last waiting call is aborted, so is the request. */
  wait(signal: AbortSignal | undefined): Promise<Token> {
    const token = new Promise<Token>((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, stop: () => {} };
      this.#waiters.add(waiter);
      if (!signal) return;
      const listening = addAbortListener(signal, () => {
        this.#waiters.delete(waiter);
        waiter.reject(signal.reason);
        if (this.#waiters.size > 0) return;
        this.#abandoned();
        this.#controller.abort();
      });
      waiter.stop = () => {
        listening[Symbol.dispose]();
      };
    });
    return token.catch((error: unknown) => {
      throw error === signal?.reason ? error : withCallers(error);
    });
  }

  #settle(give: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters) {
      waiter.stop();
      try {
        give(waiter);
      } catch (error) {
        waiter.reject(error);
      }
    }
    this.#waiters.clear();
  }
}
