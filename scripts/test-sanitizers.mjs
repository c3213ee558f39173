// node scripts/test-sanitizers.mjs [FILTER]...
// Runs the native code of the Linux port under the compiler's sanitizers: the Linux suite with an addon built for
// AddressSanitizer and UndefinedBehaviorSanitizer (filters are jest's), and native/core, native/linux and native/fs
// under ThreadSanitizer, in a program that uses them from many threads. Slow, and not part of `npm test`.
import { readCommandLine } from './suites/command-line.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { sanitizerSuites } from './suites/sanitizers.mjs';

const { filters } = readCommandLine();
await runSuites(sanitizerSuites(filters));
