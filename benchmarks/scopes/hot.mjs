import { compiledUsing, nativeUsing } from './using.mjs';

const nothing = () => undefined;

/** The ways to open and revert an empty scope, `count` times in a loop. */
export function hotScopes(token) {
  const using = (form, { usingScopes }) => ({
    name: `using, ${form}`,
    work: (count) => usingScopes(token, count),
  });
  return [
    { name: 'runSync', work: (count) => runSyncs(token, count) },
    { name: 'try … finally revert()', work: (count) => tryFinally(token, count) },
    ...(nativeUsing ? [using('native', nativeUsing)] : []),
    using('by TypeScript', compiledUsing),
  ];
}

export function runSyncs(token, count) {
  for (let i = 0; i < count; i++) token.runSync(nothing);
}

function tryFinally(token, count) {
  for (let i = 0; i < count; i++) {
    const scope = token.impersonate();
    try {
      nothing();
    } finally {
      scope.revert();
    }
  }
}
