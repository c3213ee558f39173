// node scripts/rig/fetch.mjs
// Downloads all that the Windows runs and the test matrix need, so that they then work without a network.
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
