import type { TokenId } from './native';

/** A loaded profile, until `unloadProfile`. */
export type ProfileId = number;

export interface NativeProfiles {
  /** Loads the profile of the token's user (Windows). */
  loadProfile(token: TokenId): Promise<ProfileId>;
  unloadProfile(profile: ProfileId): Promise<void>;
  /** The path of a known folder of the user, by name: 'Documents', 'LocalAppData'. */
  knownFolder(token: TokenId, name: string): string;
}
