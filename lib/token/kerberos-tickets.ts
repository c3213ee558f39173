import { inspect } from 'node:util';
import type { TicketsId } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError, argumentError } from '../internal/error';
import { illegalConstructor, internal, refuseClone } from '../internal/private';

/** Destroys tickets that have become unreachable. */
const unreachable = new FinalizationRegistry<TicketsId>((id) => {
  native.freeTickets(id);
});

/**
 * A user's Kerberos tickets for some services, in the memory of this process, for programs of the user: the option
 * `credentials` of `token.spawn()` and the like. `client.tickets()` makes them. They hold no ticket-granting ticket: a
 * program can use them at these services alone. `close()`, `using` or garbage collection destroys them. Linux.
 *
 * @example
 * using tickets = await new NegotiateClient().tickets({ targets: ['cifs/files.example.com'], token });
 * token.spawn('smbclient', ['--use-kerberos=required', '//files.example.com/share'], { credentials: tickets });
 */
export class Tickets {
  #id: TicketsId | undefined;

  /** @internal */
  constructor(key: symbol, id: TicketsId) {
    if (key !== internal) throw illegalConstructor('Tickets');
    this.#id = id;
    unreachable.register(this, id, this);
    refuseClone(this, 'Tickets belong to their thread');
  }

  /** Whether `close()` has been called. Never throws. */
  get closed(): boolean {
    return this.#id === undefined;
  }

  /**
   * Destroys the tickets. Programs that have them keep their files until they end. A second call does nothing.
   *
   * @example
   * const tickets = await new NegotiateClient().tickets({ targets: ['postgres/db.example.com'], token });
   * token.spawn('psql', ['sales'], { credentials: tickets }).once('exit', () => tickets.close());
   */
  close(): void {
    if (this.#id === undefined) return;
    unreachable.unregister(this);
    native.freeTickets(this.#id);
    this.#id = undefined;
  }

  /** Calls `close()`, for `using tickets = ...`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Returns what `console.log` prints: whether they are closed, and nothing secret. Never throws. */
  [inspect.custom](): string {
    return this.closed ? 'Tickets (closed)' : 'Tickets';
  }

  /** @internal The native tickets of `value`; 0 for true. Throws for anything else. */
  static idOf(value: unknown, argument: string): TicketsId {
    if (value === true) return 0;
    if (typeof value !== 'object' || value === null || !(#id in value)) {
      throw argumentError(
        'ERR_INVALID_ARG_TYPE',
        `The "${argument}" argument must be of type boolean or an instance of Tickets`,
      );
    }
    if (value.#id === undefined)
      throw new ImpersonationError('The tickets are closed: get new ones', 'ERR_TICKETS_CLOSED');
    return value.#id;
  }
}
