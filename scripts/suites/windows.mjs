import process from 'node:process';
import { runToEnd } from '../support/run-to-end.mjs';
import { runJest } from './jest.mjs';

/** Runs the built tests on Windows itself, with this node. Resolves to { passed, failed, skipped }. */
export function testOnWindows({ filters = [] } = {}) {
  return runJest((args) => runToEnd(process.execPath, args), { filters });
}
