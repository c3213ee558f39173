import path from 'node:path';
import { originals } from '../fs/node-fs';
import { readFile } from './file';
import type { Problem } from './verdict';
import type { LinuxFacts } from './doctor';

type PamFacts = LinuxFacts['pam'];

/** Where Linux-PAM looks for the file of a service. */
const folders = ['/etc/pam.d', '/usr/lib/pam.d'];
/** The default service of Token.logon, and the one whose rules hold for a service without a file. */
const services = ['login', 'other'];
const shadow = '/etc/shadow';

const readText = (file: string): string | undefined => {
  try {
    return readFile(file).toString('utf8');
  } catch {
    return undefined;
  }
};

const filesOf = (service: string): string[] => folders.map((folder) => path.join(folder, service));
const contentOf = (service: string): string =>
  filesOf(path.basename(service))
    .map(readText)
    .find((text) => text !== undefined) ?? '';

/** Returns the modules that authenticate for a service, in their order, with those of the files that it includes. */
function authenticatingModules(service: string, seen = new Set<string>()): string[] {
  if (seen.has(service)) return [];
  seen.add(service);
  return contentOf(service)
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const included = /^\s*@include\s+(\S+)/.exec(line)?.[1];
      if (included !== undefined) return authenticatingModules(included, seen);
      const [, control = '', name = ''] = /^\s*-?auth\s+(\[[^\]]*\]|\S+)\s+(\S+)/i.exec(line) ?? [];
      if (control === 'include' || control === 'substack') return authenticatingModules(name, seen);
      return name === '' ? [] : [path.basename(name, '.so')];
    });
}

/** Modules that check no password. */
const helpers = new Set(
  [
    ...[
      'access',
      'cap',
      'debug',
      'deny',
      'echo',
      'env',
      'faildelay',
      'faillock',
      'gnome_keyring',
      'group',
      'issue',
    ],
    ...[
      'keyinit',
      'kwallet5',
      'listfile',
      'localuser',
      'nologin',
      'permit',
      'rootok',
      'securetty',
      'sepermit',
    ],
    ...['shells', 'succeed_if', 'tally2', 'time', 'usertype', 'warn', 'wheel'],
  ].map((name) => `pam_${name}`),
);

function canOpen(file: string): boolean {
  try {
    originals.closeSync(originals.openSync(file, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Returns the facts about PAM. `problem` is why its library cannot be used, if it cannot. */
export function pamFacts(problem: string): PamFacts {
  const file = services.flatMap(filesOf).find((name) => originals.existsSync(name)) ?? null;
  return {
    ...(problem !== '' && { problem }),
    file,
    modules: file === null ? [] : [...new Set(authenticatingModules(path.basename(file)))],
    readsShadow: canOpen(shadow),
  };
}

/** Returns why Token.logon cannot check passwords with its default service. */
export function pamProblem({ problem, file, modules, readsShadow }: PamFacts): Problem | undefined {
  if (problem !== undefined)
    return {
      because: problem,
      fix: 'Install Linux-PAM: libpam0g and libpam-modules (Debian), pam (Fedora), linux-pam (Alpine)',
    };
  if (file === null)
    return {
      because: `PAM has no file for the service login in ${folders.join(' or ')}`,
      fix: 'Install the package that has /etc/pam.d/login, or add a file of your own there and name it as options.service',
    };
  const authorities = modules.filter((module) => !helpers.has(module));
  if (readsShadow || authorities.some((module) => module !== 'pam_unix')) return undefined;
  return {
    because: `${file} checks passwords with pam_unix, which needs ${shadow}, and the process may not read it: right passwords are rejected too`,
    fix: `Let the service read it (systemd: SupplementaryGroups=shadow, if the file belongs to that group), or use a service file whose modules ask another program, such as pam_sss`,
  };
}
