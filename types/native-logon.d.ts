import type { TokenId } from './native';

export interface NativeLogonRequest {
  user: string;
  /** Windows; empty where the user's name says it. */
  domain: string;
  /** LOGON32_LOGON_ on Windows. */
  type: number;
  /** LOGON32_PROVIDER_ on Windows. */
  provider: number;
  /** Of PAM on Linux. */
  service: string;
}

/** A request with its password, outside the engine's memory. */
export interface NativePendingLogon {
  readonly pendingLogon: unique symbol;
}

/** What the native addon gives to lib/. */
export interface NativeLogon {
  /** Copies the password, which is the caller's to change from now on. */
  prepareLogon(request: NativeLogonRequest, password: string | Uint8Array): NativePendingLogon;
  /** Asks the authority on a thread of its own; once, and then nothing of the password is kept. */
  logon(pending: NativePendingLogon): Promise<TokenId>;
  /** Wipes the password of a logon that is not to begin; does nothing for one that has begun. */
  forgetLogon(pending: NativePendingLogon): void;
}
