import { createHmac, randomBytes } from 'node:crypto';
import { validateAbortSignal, validateOptions, validateString } from '../internal/validate';
import { validatePassword, type LogonOptions } from './logon';
import { asciiFold } from './principal';

/** Makes keys for logons: different for different passwords, and useless to recover one. */
export class LogonKeys {
  readonly #secret = randomBytes(32);

  /** Reads and checks the options once, so that the key and the logon have the same values. */
  validate(options: LogonOptions): LogonOptions {
    const known = ['user', 'domain', 'password', 'type', 'provider', 'service', 'signal'] as const;
    validateOptions(options, 'options', known);
    const copy = { ...options };
    const { user, password, signal } = copy;
    validateString(user, 'options.user');
    // The JSON of a value that is not a string could equal that of another.
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
