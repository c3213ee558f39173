import type { NativeLinuxFacts } from '../../types/native';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { withoutAdvice } from '../internal/error';
import { originals } from '../fs/node-fs';
import type { LinuxFacts } from './doctor';
import { kerberosFacts } from './kerberos';
import { pamFacts } from './pam';

function textOf(file: string): string {
  try {
    return originals.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** The fields of /proc/thread-self/status. */
function readStatus(): (name: string) => string {
  const status = textOf('/proc/thread-self/status');
  return (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

const numbers = (text: string): number[] => text.split(/\s+/).filter(Boolean).map(Number);
const names = (text: string): string[] => text.split(',').filter(Boolean);

/** In the kernel's order: the index of a flag is its bit number. */
const securebitNames = [
  ...['SECBIT_NOROOT', 'SECBIT_NOROOT_LOCKED', 'SECBIT_NO_SETUID_FIXUP', 'SECBIT_NO_SETUID_FIXUP_LOCKED'],
  ...['SECBIT_KEEP_CAPS', 'SECBIT_KEEP_CAPS_LOCKED', 'SECBIT_NO_CAP_AMBIENT_RAISE'],
  'SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED',
];
const seccompModes = ['none', 'strict', 'filter'] as const;

/** Collects the facts about a process on Linux. `switchProblem` is the error of acting as another user. */
export async function linuxFacts(switchProblem: Error | undefined): Promise<LinuxFacts> {
  const facts = native.processFacts() as NativeLinuxFacts;
  const { effective, permitted, inheritable, bounding, ambient } = facts;
  const field = readStatus();
  const { mappedIds } = deferred();
  const securebits = Math.max(0, Number(facts.securebits));
  return {
    port: 'linux',
    uids: numbers(field('Uid')).slice(0, 3),
    gids: numbers(field('Gid')).slice(0, 3),
    groups: numbers(field('Groups')),
    capabilities: {
      effective: names(effective),
      permitted: names(permitted),
      inheritable: names(inheritable),
      bounding: names(bounding),
      ambient: names(ambient),
    },
    securebits: securebitNames.filter((_, bit) => (securebits & (1 << bit)) !== 0),
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: seccompModes[Number(field('Seccomp'))] ?? 'none',
    userNamespace: {
      uids: mappedIds('uid'),
      gids: mappedIds('gid'),
      setgroups: textOf('/proc/self/setgroups').trim() === 'deny' ? 'deny' : 'allow',
    },
    reservedUid: facts.reservedUid === '' ? null : Number(facts.reservedUid),
    ioUring: process.env.UV_USE_IO_URING ?? null,
    pam: pamFacts(facts.pamProblem),
    kerberos: await kerberosFacts(),
    ...(switchProblem && { switchProblem: withoutAdvice(switchProblem) }),
  };
}
