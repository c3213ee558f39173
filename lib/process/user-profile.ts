import { native } from '../internal/binding';
import { illegalConstructor, internal, refuseClone } from '../internal/private';
import type { OpenToken } from '../token/open-token';

/** Unloads profiles that have become unreachable. */
const unreachable = new FinalizationRegistry<number>((id) => {
  void native.unloadProfile(id);
});

/**
 * A user's profile that is loaded until `unload()` or `await using`: the registry's HKEY_CURRENT_USER and DPAPI work in
 * scopes of the user. `token.loadProfile()` makes it.
 *
 * @example
 * await using profile = await token.loadProfile();
 * token.runSync(() => console.log('HKEY_CURRENT_USER is that of the user'));
 */
export class UserProfile {
  #id: number | undefined;

  /** @internal */
  constructor(key: symbol, id: number | undefined) {
    if (key !== internal) throw illegalConstructor('UserProfile');
    this.#id = id;
    if (id !== undefined) unreachable.register(this, id, this);
    refuseClone(this, 'A UserProfile belongs to its thread');
  }

  /**
   * Releases the profile (UnloadUserProfile). The system unloads it with the last user of it. A second call does nothing.
   *
   * @throws ImpersonationError Rejects with the system's error.
   * @example
   * const profile = await token.loadProfile();
   * await profile.unload();
   */
  unload(): Promise<void> {
    const id = this.#id;
    this.#id = undefined;
    if (id === undefined) return Promise.resolve();
    unreachable.unregister(this);
    return native.unloadProfile(id);
  }

  /** Calls `unload()`, for `await using profile = ...`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unload();
  }
}

/** Implements `token.loadProfile()`. */
export async function loadProfile(token: OpenToken): Promise<UserProfile> {
  const id = token.openId();
  // Only Windows has something to load.
  if (native.port !== 'win32') return new UserProfile(internal, undefined);
  // Without await: inside a scope the leak detector would take it for an await of the scope's code.
  return native.loadProfile(id).then((profile) => new UserProfile(internal, profile));
}
