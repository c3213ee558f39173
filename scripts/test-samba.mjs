// node scripts/test-samba.mjs [--node MAJOR]... [FILTER]...
// Runs handshakes of NegotiateServer, on Linux and on Windows under Wine, with a real domain controller. Samba's
// controller is downloaded like Wine and runs in memory. Slow, needs root, and is not part of `npm test`.
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
