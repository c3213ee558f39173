import { ImpersonationError } from './error';
import type { Token } from './token';

/** A path, or a security descriptor in text or self-relative form (Windows). */
export type AccessTarget = string | { readonly sddl: string } | { readonly securityDescriptor: Uint8Array };

/** Names of rights, all of which are asked for, or a Win32 access mask (Windows). */
export type DesiredAccess = AccessName | readonly AccessName[] | number;
export type AccessName = 'read' | 'write' | 'execute' | 'delete';

/** What `token.canAccess` does. */
export async function canAccess(
  _token: Token,
  _target: AccessTarget,
  _access: DesiredAccess,
): Promise<boolean> {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
