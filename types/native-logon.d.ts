import type { TokenId } from './native';

export interface NativeLogonRequest {
  user: string;
  /** Windows; empty if the user's name has the domain. */
  domain: string;
  /** LOGON32_LOGON_ on Windows. */
  type: number;
  /** LOGON32_PROVIDER_ on Windows. */
  provider: number;
  /** The PAM service. Linux. */
  service: string;
}

/** A request with its password, outside the engine's memory. */
export interface NativePendingLogon {
  readonly pendingLogon: unique symbol;
}

/** What the native addon gives to lib/. */
export interface NativeLogon {
  /** Copies the password. The caller may wipe its buffer after the call. */
  prepareLogon(request: NativeLogonRequest, password: string | Uint8Array): NativePendingLogon;
  /** Logs on, on a thread of its own. Can be called once; the password is wiped afterwards. */
  logon(pending: NativePendingLogon): Promise<TokenId>;
  /** Wipes the password of a logon that will not start. Does nothing for one that has started. */
  forgetLogon(pending: NativePendingLogon): void;
}
