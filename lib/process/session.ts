import path from 'node:path';
import type { NativeSession } from '../../types/native-program';
import { ImpersonationError } from '../internal/error';
import { ownFolder } from '../internal/own-folder';

/** The variables of the process that the monitor gets. The others are the service's, or its program's. */
const passedOn = ['LD_LIBRARY_PATH', 'IMPERSONATE_RESERVED_UID'];

function monitorEnvironment(): string[] {
  const passed = passedOn.filter((name) => process.env[name] !== undefined);
  return [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...passed.map((name) => `${name}=${process.env[name] ?? ''}`),
    // Without it the program of an Electron app is no Node.
    ...(process.versions.electron === undefined ? [] : ['ELECTRON_RUN_AS_NODE=1']),
  ];
}

/** Returns the PAM session of a program, with the process that will hold it: see session-monitor.ts. */
export function toNativeSession(service: string, hasEnvironment: boolean): NativeSession {
  if (ownFolder === undefined)
    throw new ImpersonationError(
      'options.session starts a file of this package, which a bundle does not have: exclude the package from the bundle',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  return {
    service,
    // The path is written out for tools that trace the files of a program.
    monitor: [process.execPath, path.join(__dirname, 'session-monitor.js')],
    monitorEnv: monitorEnvironment(),
    keepsEnv: hasEnvironment,
  };
}
