import { wrongValue } from '../internal/validate';

export interface WindowsAccount {
  readonly user: string;
  /** Empty where the user's name says it: LogonUserW gets none. */
  readonly domain: string;
}

const thisComputer = '.';

/** `alice`, `alice@example.com` and `EXAMPLE\alice` as LogonUserW takes them. */
export function windowsAccount(name: string, domain?: string): WindowsAccount {
  const [first = '', second, ...more] = name.split('\\');
  const isDownLevel = second !== undefined;
  const isUpn = name.includes('@');
  if (!isDownLevel && !isUpn) return { user: name, domain: domain ?? thisComputer };
  if (domain !== undefined) {
    throw wrongValue('options.domain', 'must not be given with a user that names a domain');
  }
  const parts = isDownLevel ? [first, second] : name.split('@');
  if (more.length > 0 || (isDownLevel && isUpn) || parts.length !== 2 || parts.includes('')) {
    throw wrongValue('options.user', 'must be a name, name@domain or DOMAIN\\name');
  }
  return isDownLevel ? { user: second, domain: first } : { user: name, domain: '' };
}
