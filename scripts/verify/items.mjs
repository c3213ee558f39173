import { builds, timings } from './items/builds.mjs';
import { com } from './items/com.mjs';
import { delegation } from './items/delegation.mjs';
import { drives } from './items/drives.mjs';
import { files, restricted, shares } from './items/files.mjs';
import { negotiate } from './items/negotiate.mjs';
import { pipeAccess, pipeClients, pipeLevels, pipeTokens } from './items/pipes.mjs';
import { programs } from './items/programs.mjs';
import { anonymousTokens, iis, linkedTokens, logons, s4uLogons } from './items/sources.mjs';
import { kernelObjects, levels, primaryTokens, privileges } from './items/threads.mjs';

/**
 * What has to be verified on Windows, by the names in the lists of docs/verification.md and docs/peers.md. An item has checks:
 * `what` it is about, `run(world)`, which returns the evidence, and with `wine` the reason why Wine cannot show it.
 */
export const items = [
  files,
  shares,
  restricted,
  logons,
  s4uLogons,
  negotiate,
  delegation,
  iis,
  privileges,
  levels,
  anonymousTokens,
  linkedTokens,
  primaryTokens,
  drives,
  kernelObjects,
  programs,
  com,
  builds,
  timings,
  pipeAccess,
  pipeClients,
  pipeLevels,
  pipeTokens,
];
