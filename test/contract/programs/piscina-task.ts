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

/** A task of a pool: what the user of the ticket is for the kernel, and who the thread is afterwards. */
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
