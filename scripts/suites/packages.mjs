import process from 'node:process';
import { buildLinux } from './build.mjs';
import { testLinux } from './linux.mjs';

const config = 'test/packages/jest.config.cjs';

/** Returns the suites of other people's packages: one for each major version of Node.js, or one with the running node. */
export function packageSuites(majors, filters) {
  const chosen = majors.length > 0 ? majors : [undefined];
  return chosen.map((major, index) => ({
    name: `packages, node ${major ?? process.versions.node.split('.')[0]}`,
    run: async (write) => {
      if (index === 0) await buildLinux();
      return testLinux({ major, filters, write, config });
    },
  }));
}
