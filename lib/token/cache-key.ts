import { createHmac, randomBytes } from 'node:crypto';
import { native } from '../internal/binding';
import type { LogonOptions } from './logon';
import { validatePassword } from './logon-password';
import { validateAbortSignal, validateOptions, validateString } from '../internal/validate';

/**
 * One name for two that differ in case, where the system takes them for the same. Beyond ASCII its rules are not
 * JavaScript's, which would make one user of two: such names differ.
 */
export function asciiFold(name: string): string {
  if (native.port !== 'win32') return name;
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Keys for logons that tell passwords apart and do not tell them. */
export class LogonKeys {
  readonly #secret = randomBytes(32);

  /** The options as they are now: read once, so that the key is that of what is asked. */
  validate(options: LogonOptions): LogonOptions {
    const known = ['user', 'domain', 'password', 'type', 'provider', 'service', 'signal'] as const;
    validateOptions(options, 'options', known);
    const copy = { ...options };
    const { user, password, signal } = copy;
    validateString(user, 'options.user');
    // What is no text may look like something else in a key.
    for (const name of ['domain', 'type', 'provider', 'service'] as const) {
      if (copy[name] !== undefined) validateString(copy[name], `options.${name}`);
    }
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    validatePassword(password);
    return copy;
  }

  keyOf({ user, domain, password, type, provider, service }: LogonOptions): string {
    const who = [asciiFold(user), domain === undefined ? null : asciiFold(domain), type, provider, service];
    const hmac = createHmac('sha256', this.#secret).update(JSON.stringify(who));
    return JSON.stringify(['logon', hmac.update('\0').update(password).digest('base64')]);
  }
}
