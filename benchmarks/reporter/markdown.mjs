import { portNames } from './port-names.mjs';
import { tables } from './tables.mjs';

const caveats = {
  linux: '',
  win32: `
Every kernel call is a message to Wine's server here, so that no time and hardly a ratio holds on Windows itself. What carries over
is [how often the kernel is asked](#kernel-calls), and what costs nothing of the kernel: flows, \`Token.current()\`, memory.
`,
};

/** A port's report as a page. */
export function markdown(report) {
  const { port, date, version, seconds, machine, runs } = report;
  const versions = runs.map(({ node }) => node).join(', ');
  return `# Performance: ${portNames[port]}

Made by \`npm run bench\`; [how](../../docs/performance.md), [as JSON](${port}.json).

impersonate ${version}, ${date.slice(0, 10)}, Node ${versions}; ${machine.processor}, ${machine.cores} cores, ${machine.system};
load ${machine.load} at the start, ${seconds} s a comparison.

The first line of each table is what the others are compared with. A ratio is the median of those of neighbouring rounds, with its
quartiles; a time is the median of a single call, with the 99th percentile of samples.
${caveats[port]}
![Ratios and their quartiles](${port}.svg)

${tables(report)}
`;
}
