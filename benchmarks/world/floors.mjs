/** The sides of a person that nothing can be faster than: loops of the system's own calls. */
export const floors = (pairs, pairsWithReads) => ({
  pair: { name: 'the switch pair in C++', work: pairs },
  pairWithReads: { name: 'the pair and the reads in C++', work: pairsWithReads },
});
