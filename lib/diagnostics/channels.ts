import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import type { TokenId } from '../../types/native';
import { asProcess } from '../internal/flow-store';
import type { Identities } from './messages';

/** A synchronous scope was entered: ScopeMessage. */
export const enterChannel = channel('impersonate:enter');
/** A synchronous scope was left: the same ScopeMessage. */
export const revertChannel = channel('impersonate:revert');
/** A user was denied access, or a token could not be entered: DeniedMessage. */
export const deniedChannel = channel('impersonate:denied');
/** A handle was open at the end of its flow: LeakMessage. */
export const leakChannel = channel('impersonate:leak');
/** A built-in was called without a token on a sealed thread: UnsealedMessage. */
export const unsealedChannel = channel('impersonate:unsealed');
/** A user's call hangs, or was rejected because all of the user's threads are busy: PoolMessage. */
export const poolChannel = channel('impersonate:pool');
/** The result of a declared operation has settled, or the operation was refused: OperationMessage. */
export const operationChannel = channel('impersonate:operation');
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
 * Publishes the message that `make` returns, if the channel has subscribers. `make` and the subscribers run with the
 * process identity. An exception of a subscriber becomes an uncaught exception of a later tick.
 */
export function publish(channel: Channel, make: () => object): void {
  if (!channel.hasSubscribers) return;
  asProcess(() => {
    channel.publish(make());
  });
}

let describeIdentities: (id: TokenId | undefined) => Identities;

/**
 * Sets the function that `identitiesOf` calls. Principals belong to a higher floor, so the entry point passes it in.
 */
export function provideIdentities(describe: (id: TokenId | undefined) => Identities): void {
  describeIdentities = describe;
}

/**
 * Returns the process's principal and the user's, for an open token; twice the process's for undefined. Call it as the
 * process.
 */
export const identitiesOf = (id: TokenId | undefined): Identities => describeIdentities(id);
