import { Token } from 'impersonate';
import type { ClientHandshakeLike, ClientHandshakeOptions, ClientNegotiator } from 'impersonate/postgres';

/**
 * Authenticates the effective identity without a secret: the first message is `ID to TARGET`. To `more` it answers
 * `and ID`; `proof` completes the handshake, without a message, and `proof, answer` with one.
 */
export class TestClientNegotiator implements ClientNegotiator {
  readonly scheme = 'Negotiate';
  /** Handshakes that have not been closed. */
  readonly open = new Set<ClientHandshakeLike>();
  readonly begun: ClientHandshakeOptions[] = [];
  /** Called with each challenge, `''` for none. */
  stepped: ((challenge: string) => void) | undefined;
  /** Delays the result of every step. */
  delay: Promise<void> = Promise.resolve();

  handshake(options: ClientHandshakeOptions): ClientHandshakeLike {
    this.begun.push(options);
    const { id } = Token.current().user;
    let leave: (error: Error) => void = () => {};
    const left = new Promise<never>((_resolve, reject) => (leave = reject));
    left.catch(() => {});
    const answer = (challenge: string): string => {
      if (challenge === '') return `${id} to ${options.target}`;
      if (challenge === 'more') return `and ${id}`;
      if (challenge === 'proof, answer') return 'answer';
      if (challenge === 'proof') return '';
      throw new Error(`no challenge: ${challenge}`);
    };
    const handshake: ClientHandshakeLike = {
      step: async (challenge = new Uint8Array()) => {
        const text = Buffer.from(challenge).toString();
        this.stepped?.(text);
        await Promise.race([this.delay, left]);
        const message = answer(text);
        return { ...(message !== '' && { message: Buffer.from(message) }), done: text.startsWith('proof') };
      },
      close: () => {
        this.open.delete(handshake);
        leave(new Error('closed'));
      },
    };
    this.open.add(handshake);
    return handshake;
  }
}
