// node scripts/test-samba.mjs [--node MAJOR]... [FILTER]...
// The handshakes of NegotiateServer, Windows' under Wine and Linux's, against a real domain controller: Samba's, which is
// fetched like Wine and runs in memory. Slow, needs root, and is no part of `npm test`.
import { readCommandLine } from './suites/command-line.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { testWithSamba } from './samba/suite.mjs';

const { majors, filters } = readCommandLine();
await runSuites(
  (majors.length > 0 ? majors : [24]).map((major) => ({
    name: `samba, node ${major}`,
    run: () => testWithSamba({ major, filters }),
  })),
);
