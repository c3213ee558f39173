import type { Channel } from 'node:diagnostics_channel';
import { asProcess } from '../internal/as-process';

/**
 * Tells the channel's subscribers, if there are any, what `make` makes for them. Both run as the process, whatever the
 * running code acts as. What a subscriber throws becomes an uncaught exception of a later tick.
 */
export function publish(channel: Channel, make: () => object): void {
  if (!channel.hasSubscribers) return;
  asProcess(() => {
    channel.publish(make());
  });
}
