import { toNamespacedPath } from 'node:path';
import { types } from 'node:util';
import { toLinuxMode, toWin32Mask, type DesiredAccess } from './access-mask';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { unless } from '../fs/error';
import { startJob } from '../fs/job';
import type { Token } from './token';
import { validateOptions, validateString, wrongType, wrongValue } from '../internal/validate';

/** A path, or a security descriptor in text or self-relative form (Windows). */
export type AccessTarget = string | { readonly sddl: string } | { readonly securityDescriptor: Uint8Array };

type Target =
  | { readonly kind: 'path' | 'sddl'; readonly data: string }
  | { readonly kind: 'descriptor'; readonly data: Uint8Array };

function toTarget(target: unknown): Target {
  if (typeof target === 'string') {
    validateString(target, 'target');
    return { kind: 'path', data: target };
  }
  if (typeof target !== 'object' || target === null) {
    throw wrongType('target', 'a path, { sddl } or { securityDescriptor }', target);
  }
  validateOptions(target, 'target', ['sddl', 'securityDescriptor']);
  const { sddl, securityDescriptor } = target;
  if ((sddl === undefined) === (securityDescriptor === undefined))
    throw wrongValue('target', 'must have one of sddl and securityDescriptor');
  if (sddl !== undefined) {
    validateString(sddl, 'target.sddl');
    return { kind: 'sddl', data: sddl };
  }
  if (!types.isUint8Array(securityDescriptor))
    throw wrongType('target.securityDescriptor', 'an instance of Uint8Array', securityDescriptor);
  return { kind: 'descriptor', data: securityDescriptor };
}

function onLinux(token: Token, { kind, data }: Target, mode: number): Promise<boolean> {
  if (kind !== 'path')
    throw new ImpersonationError(
      'Security descriptors exist on Windows only: ask for a path',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  return startJob({ lease: token.lend() }, 'access', data, mode).then(
    () => true,
    (error: unknown) => {
      // The thread could not act as the user: that says nothing of the user.
      if (error instanceof ImpersonationError) throw error;
      return unless(false, 'EACCES', 'EPERM', 'EROFS', 'ETXTBSY')(error);
    },
  );
}

/** What `token.canAccess` does. */
export async function canAccess(token: Token, target: AccessTarget, access: DesiredAccess): Promise<boolean> {
  const id = token.openId();
  const asked = toTarget(target);
  if (native.port === 'linux') return onLinux(token, asked, toLinuxMode(access));
  const mask = toWin32Mask(access);
  const data = asked.kind === 'path' ? toNamespacedPath(asked.data) : asked.data;
  return native.checkAccess(id, asked.kind, data, mask);
}
