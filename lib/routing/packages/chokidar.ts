import { refuseInFlows } from './bind';
import type { Mend } from './packages';

/**
 * chokidar 3 and later: watchers of a path share one that was opened first, by a user who may read what the others may
 * not.
 */
export const chokidar: Mend = (exports) => {
  const { FSWatcher } = exports as { FSWatcher?: { prototype?: object } };
  if (!FSWatcher?.prototype) return;
  refuseInFlows(
    FSWatcher.prototype,
    ['add'],
    'chokidar shares the watchers of all users: use fs.watch() in flows',
    'FSWatcher.',
  );
};
