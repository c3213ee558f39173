import process from 'node:process';
import { buildLinux, buildPackage, buildWin32 } from './build.mjs';
import { testLinux } from './linux.mjs';
import { testOnWindows } from './windows.mjs';
import { testUnderWine } from './wine.mjs';

/** Returns the Linux port's suites: one for each major version of Node.js, or one with the running node. */
export function linuxSuites(majors, filters) {
  const build = once(buildLinux);
  const chosen = majors.length > 0 ? majors : [undefined];
  return chosen.flatMap((major) =>
    shardsOf(chosen, filters).map((shard) => ({
      name: `linux, node ${major ?? process.versions.node.split('.')[0]}${shard ? `, ${shard}` : ''}`,
      together: shard !== undefined,
      run: async (write) => {
        await build();
        return testLinux({ major, filters, shard, write });
      },
    })),
  );
}

/** Returns the Windows port's suites: under Wine, or with the running node on Windows itself. */
export function win32Suites(majors, filters) {
  if (process.platform === 'win32') return [onWindows(filters)];
  const build = once(buildWin32);
  return majors.flatMap((major) =>
    shardsOf(majors, filters).map((shard) => ({
      name: `win32, node ${major}, wine${shard ? `, ${shard}` : ''}`,
      together: true,
      run: async (write) => {
        await build();
        return testUnderWine({ major, filters, shard, write });
      },
    })),
  );
}

/** A single whole suite is split in two, so that no processor is idle. */
const shardsOf = (majors, filters) =>
  majors.length === 1 && filters.length === 0 ? ['1/2', '2/2'] : [undefined];

const onWindows = (filters) => ({
  name: `win32, node ${process.versions.node}`,
  run: async (write) => {
    buildPackage();
    buildWin32();
    return testOnWindows({ filters, write });
  },
});

/** Shares a build among suites. It runs for the first one; if it fails, all of them fail. */
function once(build) {
  let built;
  return () => (built ??= Promise.resolve().then(build));
}
