import { Token } from 'impersonate';
import { world } from '../../support/world/world';

export interface Task {
  readonly ticket: string;
}

export interface Seen {
  readonly inside: string;
  readonly opens: string;
  readonly outside: string;
}

/** A task of a pool: returns the identity in a scope of the ticket's token, and the identity after it, by the kernel. */
export default function task({ ticket }: Task): Seen {
  using token = Token.claim(ticket);
  const { inside, opens } = token.runSync(() => ({
    inside: world.whoAmI(),
    opens: [world.alice, world.bob]
      .filter((who) => world.canOpen(who))
      .map((who) => who.key)
      .join(),
  }));
  return { inside, opens, outside: world.whoAmI() };
}
