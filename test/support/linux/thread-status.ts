import { nodeFs } from './node-fs';

const { readFileSync, readdirSync } = nodeFs;

/** The credentials of a thread by /proc. Ids are real, effective, saved, file system. */
export interface ThreadStatus {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  readonly capabilities: {
    readonly inheritable: bigint;
    readonly permitted: bigint;
    readonly effective: bigint;
    readonly ambient: bigint;
  };
}

function parse(text: string): ThreadStatus {
  const field = (name: string): string => {
    const line = new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text);
    if (line?.[1] === undefined) throw new Error(`no ${name} in /proc status`);
    return line[1].trim();
  };
  const numbers = (name: string): number[] => field(name).split(/\s+/).filter(Boolean).map(Number);
  const bits = (name: string): bigint => BigInt(`0x${field(name)}`);
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: {
      inheritable: bits('CapInh'),
      permitted: bits('CapPrm'),
      effective: bits('CapEff'),
      ambient: bits('CapAmb'),
    },
  };
}

/** Returns the status of the calling thread. */
export const threadStatus = (): ThreadStatus => parse(readFileSync('/proc/thread-self/status', 'utf8'));

/** Undefined for a thread that has ended. */
function statusOf(id: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${id}/status`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Returns the status of every thread of the process, by thread id. */
export function allThreads(): Map<string, ThreadStatus> {
  const threads = new Map<string, ThreadStatus>();
  for (const id of readdirSync('/proc/self/task')) {
    const status = statusOf(id);
    if (status !== undefined) threads.set(id, parse(status));
  }
  return threads;
}
