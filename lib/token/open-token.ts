import { inspect, type InspectOptions } from 'node:util';
import type { NativeDescription, TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { refuseClone } from '../internal/clone';
import { Described } from './described';
import { argumentError, ImpersonationError } from '../internal/error';
import { inspectToken } from './inspect-token';
import type { Token } from './token';
import type { TokenLease } from '../internal/token-ref';
import { quietToken, registerToken, unregisterToken } from '../internal/token-registry';
import { wrongType } from '../internal/validate';

/** Marks the tokens of every copy of the package, each with a value of its own. */
const copyMark = Symbol.for('impersonate.Token');
const thisCopy = Symbol('impersonate');

function isOfAnotherCopy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !(copyMark in value)) return false;
  return value[copyMark] !== thisCopy;
}

/** A token's life: open from the start, closed once and for good. */
export abstract class OpenToken extends Described {
  /** @internal */
  declare readonly [copyMark]: symbol;
  /** Undefined once it is closed. */
  #lease: TokenLease | undefined;

  /** @internal */
  protected constructor(lease: TokenLease, quiet: boolean) {
    super();
    this.#lease = lease;
    registerToken(this, lease, quiet);
    refuseClone(this);
  }

  get closed(): boolean {
    return this.#lease === undefined;
  }

  /** Releases the token. Does nothing the second time. Scopes and flows that act as it go on until they end. */
  close(): void {
    const lease = this.#lease;
    if (!lease) return;
    this.#lease = undefined;
    this.forget();
    unregisterToken(this, lease);
    lease.release();
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  override toString(): string {
    if (this.closed) return 'Token (closed)';
    const { id, name } = this.user;
    return name === undefined ? `Token ${id}` : `Token ${name} (${id})`;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectToken(this, options);
  }

  /** @internal For what must be able to act as the user however long this object stays open. */
  lend(): TokenLease {
    this.openId();
    return (this.#lease as TokenLease).share();
  }

  /** @internal `openId()` of a token that another is made of: as a step of a chain it need not be closed. */
  sourceId(): TokenId {
    const id = this.openId();
    quietToken(this.#lease as TokenLease);
    return id;
  }

  /** @internal The native token; throws ERR_TOKEN_CLOSED. */
  openId(): TokenId {
    if (!this.#lease) throw new ImpersonationError('The token is closed', 'ERR_TOKEN_CLOSED');
    return this.#lease.id;
  }

  /** @internal */
  static validate(value: unknown, argument: string): asserts value is Token {
    if (typeof value === 'object' && value !== null && #lease in value) return;
    if (isOfAnotherCopy(value)) {
      throw argumentError(
        'ERR_INVALID_ARG_TYPE',
        `The "${argument}" argument must be an instance of Token. Received a Token of another copy of the package`,
      );
    }
    throw wrongType(argument, 'an instance of Token', value);
  }

  /** @internal */
  protected override describe(): NativeDescription {
    return native.describeToken(this.openId());
  }
}

Object.defineProperty(OpenToken.prototype, copyMark, { value: thisCopy });
