import { benchmarkUsers } from '../../benchmarks/world/users.mjs';
import { findMeans } from '../linux-users/means.mjs';
import { prepareBenchmarks, runBenchmarks } from './benchmarks.mjs';

const usualMajor = 24;

/**
 * Runs each benchmark once on each port, to check that it works. Times are not checked, so both ports run at the same
 * time, after everything is built for both: a build removes what the benchmarks import.
 */
export function benchmarkSuites(majors) {
  const chosen = majors.length > 0 ? majors : [usualMajor];
  const { reason } = findMeans(benchmarkUsers);
  if (reason) console.log(`Benchmarks of the Linux port are skipped. ${reason}`);
  const ports = reason ? ['win32'] : ['linux', 'win32'];
  let prepared;
  return chosen.flatMap((major) =>
    ports.map((port) => ({
      name: `benchmarks, ${port}, node ${major}`,
      together: true,
      run: async (write) => {
        await (prepared ??= prepareBenchmarks(ports));
        return runOnce(port, major, write);
      },
    })),
  );
}

async function runOnce(port, major, write) {
  const { cases } = await runBenchmarks(port, major, { once: true }, write);
  const failed = cases.filter(({ failure }) => failure).length;
  return { passed: cases.length - failed, failed, skipped: 0 };
}
