import { identitiesOf, operationChannel, publish } from '../diagnostics/channels';
import type { OperationMessage } from '../diagnostics/messages';
import type { TokenRef } from '../internal/token-ref';
import type { Service } from './declaration';
import { setEndUser } from './telemetry';

/** What is published about one call of an operation. */
export class OperationReport {
  readonly #name: string;
  readonly #start = performance.now();
  readonly #spans: boolean;
  #user: TokenRef | undefined;
  #begun = false;
  #ended = false;

  private constructor(name: string, spans: boolean) {
    this.#name = name;
    this.#spans = spans;
  }

  /** Returns the report of a call that begins; undefined if nothing receives it. */
  static of(name: string, { spanAttributes = false }: Service): OperationReport | undefined {
    return operationChannel.hasSubscribers || spanAttributes
      ? new OperationReport(name, spanAttributes)
      : undefined;
  }

  /** Records the caller. */
  setUser(user: TokenRef): void {
    this.#user = user;
    if (this.#spans) setEndUser(user.id);
  }

  /** Records that the code of the operation runs. */
  begin(): void {
    this.#begun = true;
  }

  /** Publishes the outcome, once. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    publish(operationChannel, (): OperationMessage => this.#messageOf(failure));
  }

  #messageOf(failure: { readonly error: unknown } | undefined): OperationMessage {
    const { process, user } = identitiesOf(this.#user?.id);
    const code = (failure?.error as { code?: unknown } | null | undefined)?.code;
    const isRefused = failure !== undefined && !this.#begun;
    return {
      operation: this.#name,
      process,
      ...((this.#user !== undefined || !isRefused) && { user }),
      outcome: failure === undefined ? 'ok' : isRefused ? 'denied' : 'error',
      ...(typeof code === 'string' && { code }),
      duration: performance.now() - this.#start,
    };
  }
}
