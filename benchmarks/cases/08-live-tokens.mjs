import { remote } from '../runner/remote.mjs';

const counts = [1, 10, 100, 10_000];

/** Scopes of one token after another, in processes that have different numbers of open tokens. */
export default async function* comparisons(_world, { once }) {
  const players = [];
  const sides = [];
  for (const count of once ? counts.slice(0, 2) : counts) {
    const player = await remote('live-tokens', { args: [String(count)] });
    players.push(player);
    sides.push(player.side(`${count.toLocaleString('en')} open`, 'scopes'));
  }
  yield { title: 'runSync by the number of open tokens', sides };
  for (const player of players) player.close();
}
