import type { ProgramUser } from '../../types/native-program';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { Tickets } from '../token/kerberos-tickets';

/** The variable by which Kerberos finds a user's tickets. */
const variable = 'KRB5CCNAME';

/** The native tickets of a program's option `credentials`; undefined if it has none of its own. */
export function toCredentials({ credentials = false }: { credentials?: unknown }): number | undefined {
  if (credentials === false) return undefined;
  const id = Tickets.idOf(credentials, 'options.credentials');
  // A program of a Windows token has the credentials of its logon session.
  return native.port === 'linux' ? id : undefined;
}

/** The file with the tickets of one program, which the user owns. It is removed when the program has ended. */
export class ProgramCredentials {
  readonly #file: { readonly id: number; readonly name: string } | undefined;

  /** Writes the file as the user. Without `credentials` there is none. */
  constructor(user: ProgramUser, credentials: number | undefined) {
    if (credentials === undefined) return;
    if (typeof user !== 'number')
      throw new ImpersonationError('A program with a logon has no forwarded tickets', 'ERR_NOT_DELEGATED');
    this.#file = native.writeTickets(user, credentials);
  }

  /** Returns the environment with the name of the file. */
  addTo(env: string[] | undefined): string[] | undefined {
    const file = this.#file;
    if (!file) return env;
    return [...(env ?? []).filter((pair) => !pair.startsWith(`${variable}=`)), `${variable}=${file.name}`];
  }

  /** A second call does nothing. */
  remove(): void {
    if (this.#file) native.removeTickets(this.#file.id);
  }
}
