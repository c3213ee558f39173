import { channel, tracingChannel } from 'node:diagnostics_channel';

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
