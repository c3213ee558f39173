import { parseArgs } from 'node:util';
import { nodeMajors } from '../rig/paths.mjs';

/** Parses the arguments of a test script: majors (--node, repeatable), matrix, and jest's filters. */
export function readCommandLine() {
  const options = {
    node: { type: 'string', multiple: true, default: [] },
    matrix: { type: 'boolean', default: false },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const majors = values.node.map(Number);
  const unknown = majors.find((major) => !nodeMajors.includes(major));
  if (unknown !== undefined) throw new Error(`--node takes one of ${nodeMajors.join(', ')}`);
  return { majors, matrix: values.matrix, filters: positionals };
}
