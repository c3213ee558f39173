// node scripts/rig/fetch.mjs
// Fetches all that the Windows runs and the test matrix need, so that they work without a network afterwards.
import { jestEnvironment, linuxNodeFolder, windowsNode } from './npm-packages.mjs';
import { nodeMajors } from './paths.mjs';
import { wine } from './wine.mjs';

async function fetchNodes() {
  for (const major of nodeMajors) {
    await windowsNode(major);
    await linuxNodeFolder(major);
  }
}

await Promise.all([wine(), fetchNodes(), jestEnvironment()]);
