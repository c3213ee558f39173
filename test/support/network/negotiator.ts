import type { Token } from 'impersonate';
import type { Handshake, HandshakeStep, Negotiator } from 'impersonate/http';
import { world } from '../world/world';

/**
 * Authenticates alice and bob without a secret. In one message: `i am alice`. In two: `hello`, which gets `challenge N`,
 * and `i am alice N`. With `to look at` behind it the token is of identification level; `wait` gets no reply.
 */
export class TestNegotiator implements Negotiator {
  readonly scheme: string = 'Negotiate';
  /** Handshakes that have not been closed. */
  readonly open = new Set<Handshake>();
  begun = 0;
  /** The tokens that it has returned. */
  readonly tokens: Token[] = [];
  /** If set, every new handshake throws it. */
  refusal: Error | undefined;
  /** Called with each message before it is checked. */
  arrived: ((message: string) => void) | undefined;
  /** Delays the reply to every message. */
  delay: Promise<void> = Promise.resolve();

  handshake(): Handshake {
    if (this.refusal) throw this.refusal;
    const nonce = String(this.begun++);
    let greeted = false;
    let leave: (error: Error) => void = () => {};
    const left = new Promise<never>((_resolve, reject) => (leave = reject));
    left.catch(() => {});
    const step = async (message: string): Promise<HandshakeStep> => {
      this.arrived?.(message);
      await this.delay;
      if (message === 'wait') return new Promise(() => {});
      if (message === 'hello' && !greeted) {
        greeted = true;
        return { reply: Buffer.from(`challenge ${nonce}`) };
      }
      const proof = /^i am (alice|bob)(?: (\d+))?( to look at)?$/.exec(message);
      if (!proof || (greeted ? proof[2] !== nonce : proof[2] !== undefined))
        throw new Error(`no: ${message}`);
      const who = proof[1] as 'alice' | 'bob';
      let token: Token = await world[who].token();
      if (proof[3] !== undefined) {
        using whole = token;
        token = whole.duplicate({ level: 'identification' });
      }
      this.tokens.push(token);
      return { token, reply: Buffer.from(`welcome ${who}`) };
    };
    const handshake: Handshake = {
      step: (message) => Promise.race([step(Buffer.from(message).toString()), left]),
      close: () => {
        this.open.delete(handshake);
        leave(new Error('closed'));
      },
    };
    this.open.add(handshake);
    return handshake;
  }
}
