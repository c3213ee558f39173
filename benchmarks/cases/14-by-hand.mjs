import * as koffi from '../peers/koffi.mjs';
import * as exposeSspi from '../peers/node-expose-sspi.mjs';
import * as nodeFfi from '../peers/node-ffi.mjs';
import { runSyncs } from '../scopes/hot.mjs';

const peers = { linux: [koffi, nodeFfi], win32: [koffi, nodeFfi, exposeSspi] };

/** The switch by hand: the system calls through libraries for foreign functions. */
export default async function* comparisons({ alice, port }) {
  const token = await alice.token();
  const sides = [];
  const absent = [];
  for (const { name, missing, isEverywhere, open } of peers[port]) {
    try {
      const pair = await open(alice);
      pair();
      sides.push({ name, missing, work: (count) => pairs(pair, count) });
    } catch (error) {
      if (isEverywhere) throw error;
      absent.push({ name, missing, absent: plain(error.message) });
    }
  }
  yield {
    title: 'a switch to a user and back',
    sides: [alice.pair, ...sides, { name: 'runSync', work: (count) => runSyncs(token, count) }],
    absent,
  };
  token.close();
}

/** Returns the first line, without the stray bytes that node-expose-sspi appends to its error code. */
const plain = (message) => message.split('\n')[0].replace(/(\(error code: \w+\)).*/, '$1');

function pairs(pair, count) {
  for (let i = 0; i < count; i++) pair();
}
