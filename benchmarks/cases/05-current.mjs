import { Token } from '../product.mjs';

// Large enough that the time of the outer scope does not matter.
const batch = 4096;

/** Reading the effective identity of the running code. */
export default async function* comparisons({ alice, floor }) {
  const token = await alice.token();
  yield {
    title: 'Token.current()',
    sides: [
      { name: 'a native call that does nothing', work: (count) => nothings(floor.nothing, count) },
      { name: 'outside', work: currents },
      { name: 'in a flow', work: (count) => token.run(currents, count) },
      { name: 'in a scope', batch, work: (count) => inScope(token, count) },
    ],
  };
  token.close();
}

function nothings(nothing, count) {
  for (let i = 0; i < count; i++) nothing();
}

function currents(count) {
  for (let i = 0; i < count; i++) Token.current();
}

function inScope(token, count) {
  const scope = token.impersonate();
  currents(count);
  scope.revert();
}
