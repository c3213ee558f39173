import type { ContextId, CredentialsId } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import { onOwnThread } from '../internal/own-thread';
import { Token } from '../token/token';
import type { AcceptResult, Acceptor, AcceptorContext, AcceptorOptions } from './acceptor';

type NativeResult = Awaited<ReturnType<typeof native.acceptMessage>>;

/** Frees the credentials of servers that are garbage collected without `close()`. */
const unclosed = new FinalizationRegistry<CredentialsId>((id) => {
  native.freeCredentials(id);
});

function toResult({ token, reply }: NativeResult): AcceptResult {
  return token === 0 ? { done: false, reply } : { done: true, reply, token: new Token(internal, token) };
}

function discard({ token }: NativeResult): void {
  if (token !== 0) native.closeToken(token);
}

/** A CtxtHandle. */
class SspiContext implements AcceptorContext {
  readonly #id: ContextId;
  readonly #closing = new AbortController();

  constructor(id: ContextId) {
    this.#id = id;
  }

  accept(message: Buffer): Promise<AcceptResult> {
    const start = (): Promise<NativeResult> => native.acceptMessage(this.#id, message);
    return onOwnThread(start, this.#closing.signal, discard).then(toResult);
  }

  close(): void {
    this.#closing.abort();
    native.deleteContext(this.#id);
  }
}

/** A CredHandle. */
class SspiAcceptor implements Acceptor {
  readonly #id: CredentialsId;

  constructor(id: CredentialsId) {
    this.#id = id;
    unclosed.register(this, id, this);
  }

  begin(): AcceptorContext {
    return new SspiContext(native.newContext(this.#id));
  }

  close(): void {
    unclosed.unregister(this);
    native.freeCredentials(this.#id);
  }
}

/** Acquires the process's credentials (AcquireCredentialsHandleW). Contexts call AcceptSecurityContext per message. */
export function sspiAcceptor(options: AcceptorOptions): Acceptor {
  const { package: name, principal = '', allowAnonymous, mapUser } = options;
  if (mapUser) {
    throw new ImpersonationError(
      'options.mapUser is for Kerberos on Linux. Windows itself maps a client to an account: leave the option out',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  return new SspiAcceptor(native.acquireCredentials(name, principal, allowAnonymous));
}
