import { join } from 'node:path';
import { root } from '../paths';

const binding = join(root, 'dist', 'binding.js');

/**
 * For child programs: `job(token, call, ...args)` starts one of libuv's calls on the pool as the token and resolves to
 * [error, result]; `tokenId(identity)` gives the native id of a new token.
 */
export const jobs = `const { native } = require(${JSON.stringify(binding)});
  const job = (token, call, ...args) => new Promise((resolve) => {
    native.startFs(token, native.fsCalls[call], (error, result) => { resolve([error, result]); }, ...args);
  });
  const tokenId = (who) => process.platform === 'win32' ? native.tokenFromHandle(who.mint(), true) : native.tokenForUser(who.name, 0);
  const alice = await tokenId(world.alice);
  const bob = await tokenId(world.bob);`;
