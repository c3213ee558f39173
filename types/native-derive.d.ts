import type { TokenId } from './native';

// What the native addon gives to lib/: see native.d.ts.
export interface NativeDerive {
  /** The other token of a user who has two; 0 if there is none. */
  linkedToken(token: TokenId): TokenId;
  /**
   * A copy, with those privileges enabled, of who the calling thread acts as: the innermost scope's token, else
   * `flow` if it is not 0, else whatever the thread carries, else the process's.
   */
  privilegedToken(flow: TokenId, names: string[]): TokenId;
  /** Of a path (UTF-8), of a security descriptor in text form, or of a self-relative one. */
  checkAccess(
    token: TokenId,
    kind: 'path' | 'sddl' | 'descriptor',
    target: string | Uint8Array,
    mask: number,
  ): Promise<boolean>;
  /** Equal for tokens of the same user, logon session, groups, privileges, restrictions and level, and only then. */
  fingerprint(token: TokenId): string;
}
