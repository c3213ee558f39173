import { Token, TokenCache } from '../product.mjs';

/** Sources of tokens: a system query every time, or the cache. */
export default async function* comparisons({ alice, logon, port }) {
  const cache = new TokenCache({ ttl: 86_400_000 });
  const user = port === 'win32' ? `SEAM\\${alice.name}` : alice.name;
  const sources = {
    'Token.forUser': { cold: () => Token.forUser(user), cached: () => cache.forUser(user) },
    'Token.logon': { cold: () => Token.logon(logon), cached: () => cache.logon(logon) },
  };
  for (const [name, { cold, cached }] of Object.entries(sources)) {
    yield {
      title: name,
      sides: [
        { name: 'by a TokenCache that has it', work: (count) => each(count, cached) },
        { name: 'cold', work: (count) => each(count, cold) },
      ],
    };
  }
  cache.close();
}

async function each(count, make) {
  for (let i = 0; i < count; i++) (await make()).close();
}
