import type { TokenId } from './native';

// What the native addon gives to lib/: see native.d.ts.
export interface NativeDerive {
  /** The linked token; 0 if there is none. */
  linkedToken(token: TokenId): TokenId;
  /**
   * A copy of the effective token with the privileges enabled: of the innermost scope's token, else of `flow` if it is not
   * 0, else of the thread's token, else of the process's.
   */
  privilegedToken(flow: TokenId, names: string[]): TokenId;
  /** Checks a path (UTF-8), a security descriptor in text form, or a self-relative one. */
  checkAccess(
    token: TokenId,
    kind: 'path' | 'sddl' | 'descriptor',
    target: string | Uint8Array,
    mask: number,
  ): Promise<boolean>;
  /** Equal for tokens of the same user, logon session, groups, privileges, restrictions and level, and only then. */
  fingerprint(token: TokenId): string;
}
