/** The sides of a person that nothing can be faster than: loops of the system's own calls. */
export const floors = (pairs, checkedPairs) => ({
  pair: { name: 'the switch pair in C++', work: pairs },
  checkedPair: { name: 'the pair and its checks in C++', work: checkedPairs },
});
