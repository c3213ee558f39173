import type { Token } from 'impersonate';
import type { Handshake, HandshakeStep, Negotiator } from 'impersonate/http';
import { world } from '../world/world';

/**
 * Knows alice and bob, and believes them. In one message: `i am alice`. In two: `hello`, which is answered by `challenge N`,
 * and `i am alice N`. `to look at` behind either gives a token of level identification; `wait` is never answered.
 */
export class TestNegotiator implements Negotiator {
  readonly scheme: string = 'Negotiate';
  /** Handshakes that nobody has closed. */
  readonly open = new Set<Handshake>();
  begun = 0;
  /** What it has handed out. */
  readonly tokens: Token[] = [];
  /** Handshakes come to nothing with this from now on. */
  refusal: Error | undefined;
  /** Who stands at the door between `step` and its answer: a test's. */
  arrived: ((message: string) => void) | undefined;
  /** What a message waits for. */
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
