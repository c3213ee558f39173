import { impersonateFs, nodeFs, Token } from '../product.mjs';

const nothing = () => undefined;

/**
 * The operations whose kernel calls are counted, by name. Each is a `work(count)`, synchronous or returning a promise,
 * and has been run once before.
 */
export async function scopesToCount({ alice, bob, readable }) {
  const [token, inner] = [await alice.token(), await bob.token()];
  const nested = (within) => (count) =>
    token.runSync(() => {
      for (let i = 0; i < count; i++) within.runSync(nothing);
    });
  const repeat = (work) => async (count) => {
    for (let i = 0; i < count; i++) await work();
  };
  const works = {
    'the switch pair in C++': alice.pair.work,
    'runSync, outermost': (count) => {
      for (let i = 0; i < count; i++) token.runSync(nothing);
    },
    'impersonate() and revert()': (count) => {
      for (let i = 0; i < count; i++) token.impersonate().revert();
    },
    'runSync, nested in another token': nested(inner),
    'runSync, same token nested': nested(token),
    'token.run': (count) => {
      for (let i = 0; i < count; i++) token.run(nothing);
    },
    'Token.current()': (count) => {
      for (let i = 0; i < count; i++) Token.current();
    },
    'fs.promises.stat': repeat(() => nodeFs.promises.stat(readable)),
    'impersonate/fs stat in a flow': (count) =>
      token.run(
        repeat(() => impersonateFs.stat(readable)),
        count,
      ),
    'share() and claim()': repeat(() => Token.claim(token.share()).close()),
  };
  for (const work of Object.values(works)) await work(2);
  return works;
}
