import type { ContextId, CredentialsId } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import { onOwnThread } from '../internal/own-thread';
import { Token } from '../token/token';
import type { Accepted, Acceptor, AcceptorContext, AcceptorOptions } from './acceptor';

type Answer = Awaited<ReturnType<typeof native.acceptLeg>>;

/** A server that nobody closed. */
const unreachable = new FinalizationRegistry<CredentialsId>((id) => {
  native.freeCredentials(id);
});

function toAccepted({ token, reply }: Answer): Accepted {
  return token === 0 ? { done: false, reply } : { done: true, reply, token: new Token(internal, token) };
}

function discard({ token }: Answer): void {
  if (token !== 0) native.closeToken(token);
}

/** A CtxtHandle. */
class SspiContext implements AcceptorContext {
  readonly #id: ContextId;
  readonly #closing = new AbortController();

  constructor(id: ContextId) {
    this.#id = id;
  }

  accept(leg: Buffer): Promise<Accepted> {
    const ask = (): Promise<Answer> => native.acceptLeg(this.#id, leg);
    return onOwnThread(ask, this.#closing.signal, discard).then(toAccepted);
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
    unreachable.register(this, id, this);
  }

  begin(): AcceptorContext {
    return new SspiContext(native.newContext(this.#id));
  }

  close(): void {
    unreachable.unregister(this);
    native.freeCredentials(this.#id);
  }
}

/** Asks SSPI: AcquireCredentialsHandleW now, AcceptSecurityContext for each leg. */
export function sspiAcceptor(options: AcceptorOptions): Acceptor {
  const { package: name, principal = '', allowAnonymous, mapUser } = options;
  if (mapUser) {
    throw new ImpersonationError(
      'mapUser is for Kerberos on Linux: Windows itself says whose account a client has',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  return new SspiAcceptor(native.acquireCredentials(name, principal, allowAnonymous));
}
