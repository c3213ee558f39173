const nothing = () => undefined;

/** Creates a person's sides that no implementation can beat: the bare system calls, from C++ and from JavaScript. */
export const floors = (floor, ...ids) => {
  const identity = floor.identity(...ids);
  return {
    pair: { name: 'the switch pair in C++', work: (count) => floor.switchPairs(identity, count) },
    checkedPair: {
      name: 'the pair and its checks in C++',
      work: (count) => floor.checkedSwitchPairs(identity, count),
    },
    // The best that an addon could do: a call for each switch, or one call with a callback.
    twoCalls: {
      name: 'the pair by two calls from JavaScript',
      work(count) {
        for (let i = 0; i < count; i++) {
          floor.enter(identity);
          try {
            nothing();
          } finally {
            floor.revert();
          }
        }
      },
    },
    around: {
      name: 'the pair around a callback',
      work(count) {
        for (let i = 0; i < count; i++) floor.around(identity, nothing);
      },
    },
    checkedAround: {
      name: 'the pair and its checks around a callback',
      work(count) {
        for (let i = 0; i < count; i++) floor.checkedAround(identity, nothing);
      },
    },
  };
};
