const nothing = () => undefined;

/** The sides of a person that nothing can be faster than: the system's own calls, from C++ and from JavaScript. */
export const floors = (floor, ...ids) => {
  const identity = floor.identity(...ids);
  return {
    pair: { name: 'the switch pair in C++', work: (count) => floor.switchPairs(identity, count) },
    checkedPair: {
      name: 'the pair and its checks in C++',
      work: (count) => floor.checkedSwitchPairs(identity, count),
    },
    // What an addon could do at best: a call for each switch, or one that calls back.
    twoCalls: {
      name: 'the pair by two calls from JavaScript',
      work(count) {
        for (let i = 0; i < count; i++) {
          floor.takeOn(identity);
          try {
            nothing();
          } finally {
            floor.giveBack();
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
