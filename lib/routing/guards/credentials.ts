import { syncBuiltinESMExports } from 'node:module';
import { native } from '../../internal/binding';
import { forgetProcess } from '../../diagnostics/identities';
import { forgetProcessToken } from '../../token/process-token';

const names = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'] as const;

/**
 * process.setuid and its kin change every thread. While one of them impersonates the C library would find the
 * threads disagreeing and abort, or the scope would get root back: they throw ERR_SCOPE_ACTIVE instead. Between
 * scopes they work as ever.
 */
export function guardCredentials(): void {
  const own = process as unknown as Partial<Record<(typeof names)[number], (...args: unknown[]) => void>>;
  for (const name of names) {
    const original = own[name];
    // Absent on workers.
    if (!original) continue;
    own[name] = new Proxy(original, {
      apply(target, receiver: unknown, args) {
        native.changeCredentials(() => {
          Reflect.apply(target, receiver, args);
        });
        forgetProcessToken();
        forgetProcess();
      },
    });
  }
  syncBuiltinESMExports();
}
