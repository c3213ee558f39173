import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import type { TokenId } from '../../types/native';
import { asProcess } from '../internal/flow-store';
import type { Identities } from './messages';

/** A synchronous scope has been entered: ScopeMessage. */
export const enterChannel = channel('impersonate:enter');
/** A synchronous scope has been left: the same message again. */
export const revertChannel = channel('impersonate:revert');
/** A user has been refused something, or a token has: DeniedMessage. */
export const deniedChannel = channel('impersonate:denied');
/** A scope or a handle has outlived what it was opened for: LeakMessage. */
export const leakChannel = channel('impersonate:leak');
/** File system operations as a user: FsContext. */
export const fsChannels = tracingChannel('impersonate:fs');

/** `tracingChannel.hasSubscribers`, which Node 20 does not have. */
export function isFsTraced(): boolean {
  const { start, end, asyncStart, asyncEnd, error } = fsChannels;
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

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

let describeIdentities: (id: TokenId) => Identities;

/** Sets what `identitiesOf` calls. Principals belong to a higher floor, so the entry point hands their lookup in. */
export function provideIdentities(describe: (id: TokenId) => Identities): void {
  describeIdentities = describe;
}

/** Returns the process's principal and the user's, for an open token. Call it as the process. */
export const identitiesOf = (id: TokenId): Identities => describeIdentities(id);
