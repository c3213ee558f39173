import { portNames } from './port-names.mjs';
import { tables } from './tables.mjs';

const caveats = {
  linux: '',
  win32: `
Under Wine every kernel call is a message to Wine's server, so times mean nothing for Windows, and ratios little. Valid for Windows are
[the numbers of kernel calls](#kernel-calls), and the cost of what uses no kernel call: flows, \`Token.current()\`, memory.
`,
};

/** Formats a port's report as a page. */
export function markdown(report) {
  const { port, date, version, seconds, machine, runs } = report;
  const versions = runs.map(({ node }) => node).join(', ');
  return `# Performance: ${portNames[port]}

Made by \`npm run bench\`: [method](../../docs/performance.md), [JSON](${port}.json).

impersonate ${version}, ${date.slice(0, 10)}, Node ${versions}; ${machine.processor}, ${machine.cores} cores, ${machine.system};
load ${machine.load} at the start, ${seconds} s a comparison.

The first line of each table is the baseline. A ratio is the median of the ratios of adjacent rounds, with its quartiles. A time is the
median of a single call, with the 99th percentile of samples.
${caveats[port]}
![Ratios and their quartiles](${port}.svg)

${tables(report)}
`;
}
