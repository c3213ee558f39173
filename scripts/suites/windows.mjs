import process from 'node:process';
import { runToEnd } from '../support/run-to-end.mjs';
import { runJest } from './jest.mjs';

/**
 * Runs the built tests on Windows itself, with this node. `write(text)` gets the names of the slowest files. Resolves
 * to { passed, failed, skipped }.
 */
export function testOnWindows({ filters = [], write }) {
  return runJest((args) => runToEnd(process.execPath, args), { filters, write });
}
