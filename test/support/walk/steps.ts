import fc from 'fast-check';

/** The identity of a step: the token kept under that name. */
export const names = ['alice', 'bob', 'aliceWithLess', 'bobAgain', 'anonymous', 'service'] as const;
export type Name = (typeof names)[number];

/** The owner of the file that a step reads. */
export const owners = ['alice', 'bob', 'service'] as const;
export type Owner = (typeof owners)[number];

export type Ends = 'returns' | 'throws';

/** Steps within one callback. */
export type SyncStep =
  | { readonly step: 'runSync' | 'using'; readonly who: Name; readonly body: SyncStep[]; readonly ends: Ends }
  | { readonly step: 'flowRunSync' | 'flowUsing'; readonly body: SyncStep[]; readonly ends: Ends }
  | { readonly step: 'withoutToken'; readonly body: SyncStep[]; readonly ends: Ends }
  | { readonly step: 'open'; readonly who: Name }
  /** One of the scopes that `open` has opened, counted from the innermost. */
  | { readonly step: 'revert'; readonly nth: number }
  /** Replaces the token and closes the previous one, even if it is in use. */
  | { readonly step: 'renew'; readonly who: Name; readonly how: 'duplicate' | 'claim' }
  | { readonly step: 'read'; readonly file: Owner }
  | { readonly step: 'refused'; readonly what: 'async' | 'promise' | 'level' | 'run' | 'credentials' };

/** Steps that continue after awaits. */
export type AsyncStep =
  | { readonly step: 'sync'; readonly body: SyncStep[] }
  | { readonly step: 'pause'; readonly how: 'microtask' | 'tick' | 'immediate' | 'timer' }
  | { readonly step: 'flow'; readonly who: Name; readonly body: AsyncStep[]; readonly ends: Ends }
  | { readonly step: 'apart'; readonly body: AsyncStep[] }
  | { readonly step: 'together'; readonly bodies: AsyncStep[][] }
  /** On a thread that acts as one user for its lifetime; `wait`: before anything else goes on here. */
  | { readonly step: 'pinned'; readonly thread: 0 | 1; readonly body: SyncStep[]; readonly wait: boolean }
  /** Changes the process's own effective ids; code in a flow cannot. */
  | { readonly step: 'credentials'; readonly lowered: boolean };

const name = fc.constantFrom(...names);
const file = fc.constantFrom(...owners);
const ends = fc.constantFrom<Ends>('returns', 'returns', 'returns', 'throws');
const step = <K extends string>(kind: K): fc.Arbitrary<K> => fc.constant(kind);

// At its depth limit fast-check takes the first alternative: that is any step without nested steps.
const leaf = fc.oneof(
  fc.record({ step: step('open'), who: name }),
  fc.record({ step: step('revert'), nth: fc.nat(3) }),
  fc.record({ step: step('read'), file }),
  fc.record({ step: step('renew'), who: name, how: fc.constantFrom('duplicate', 'claim') }),
  fc.record({
    step: step('refused'),
    what: fc.constantFrom('async', 'promise', 'level', 'run', 'credentials'),
  }),
);

const { sync } = fc.letrec<{ sync: SyncStep; body: SyncStep[] }>((tie) => {
  const body = tie('body');
  return {
    body: fc.array(tie('sync'), { maxLength: 4, depthIdentifier: 'sync' }),
    sync: fc.oneof(
      { depthIdentifier: 'sync', maxDepth: 6, withCrossShrink: true },
      { arbitrary: leaf, weight: 3 },
      { arbitrary: fc.record({ step: step('runSync'), who: name, body, ends }), weight: 2 },
      { arbitrary: fc.record({ step: step('using'), who: name, body, ends }), weight: 2 },
      { arbitrary: fc.record({ step: fc.constantFrom('flowRunSync', 'flowUsing'), body, ends }), weight: 1 },
      { arbitrary: fc.record({ step: step('withoutToken'), body, ends }), weight: 1 },
    ),
  };
});
const syncBody = fc.array(sync, { maxLength: 5 });

const plain = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: step('sync'), body: syncBody }) },
  fc.record({ step: step('pause'), how: fc.constantFrom('microtask', 'tick', 'immediate', 'timer') }),
  fc.record({ step: step('credentials'), lowered: fc.boolean() }),
  fc.record({ step: step('pinned'), thread: fc.constantFrom(0, 1), body: syncBody, wait: fc.boolean() }),
);

/** A walk: the steps of the process's main thread, outside of every flow. */
export const { walk } = fc.letrec<{ walk: AsyncStep[]; async: AsyncStep }>((tie) => {
  const body = tie('walk');
  return {
    walk: fc.array(tie('async'), { maxLength: 5, depthIdentifier: 'async' }),
    async: fc.oneof(
      { depthIdentifier: 'async', maxDepth: 4, withCrossShrink: true },
      { arbitrary: plain, weight: 3 },
      { arbitrary: fc.record({ step: step('flow'), who: name, body, ends }), weight: 3 },
      { arbitrary: fc.record({ step: step('apart'), body }), weight: 1 },
      {
        arbitrary: fc.record({
          step: step('together'),
          bodies: fc.array(body, { minLength: 2, maxLength: 4 }),
        }),
        weight: 2,
      },
    ),
  };
});
