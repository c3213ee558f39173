import { toNamespacedPath } from 'node:path';
import { types } from 'node:util';
import { fallback } from '../fs/error';
import { startJob } from '../fs/job';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import {
  validateArray,
  validateInteger,
  validateOptions,
  validateString,
  wrongType,
  wrongValue,
} from '../internal/validate';
import type { OpenToken } from './open-token';

/**
 * Names of rights, all of which are required, or a Win32 access mask (Windows).
 *
 * @example
 * const access: DesiredAccess = ['read', 'write'];
 * const canEdit = await token.canAccess('/srv/files/report.txt', access);
 */
export type DesiredAccess = AccessName | readonly AccessName[] | number;
/**
 * A right by name: the generic rights, and DELETE (Windows).
 *
 * @example
 * const access: AccessName = 'read';
 * const canRead = await token.canAccess('/srv/files/report.txt', access);
 */
export type AccessName = 'read' | 'write' | 'execute' | 'delete';

/** GENERIC_READ, GENERIC_WRITE, GENERIC_EXECUTE and DELETE of winnt.h. */
const win32Bits: Readonly<Record<AccessName, number>> = {
  read: 0x8000_0000,
  write: 0x4000_0000,
  execute: 0x2000_0000,
  delete: 0x0001_0000,
};

/** R_OK, W_OK and X_OK. */
const linuxBits: Readonly<Record<AccessName, number>> = { read: 4, write: 2, execute: 1, delete: 0 };

const maximumAllowed = 0x0200_0000;

function toNames(access: unknown): AccessName[] {
  const names = typeof access === 'string' ? [access] : access;
  validateArray(names, 'access');
  if (names.length === 0) throw wrongValue('access', 'must name at least one right');
  return names.map((name, index) => {
    if (typeof name === 'string' && Object.hasOwn(win32Bits, name)) return name as AccessName;
    const argument = typeof access === 'string' ? 'access' : `access[${index}]`;
    throw wrongValue(argument, `must be one of: ${Object.keys(win32Bits).join(', ')}`);
  });
}

const all = (names: AccessName[], bits: Readonly<Record<AccessName, number>>): number =>
  names.reduce((mask, name) => (mask | bits[name]) >>> 0, 0);

function unavailable(message: string): ImpersonationError {
  return new ImpersonationError(message, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}

/** Returns the access mask for AccessCheck, with generic rights. */
export function toWin32Mask(access: unknown): number {
  if (typeof access !== 'number') return all(toNames(access), win32Bits);
  validateInteger(access, 'access', 1, 0xffff_ffff);
  if ((access & maximumAllowed) !== 0)
    throw wrongValue('access', 'must not have MAXIMUM_ALLOWED: all of the access is checked');
  return access;
}

/** Returns the mode for access(2). */
export function toLinuxMode(access: unknown): number {
  if (typeof access === 'number') {
    validateInteger(access, 'access', 1, 0xffff_ffff);
    throw unavailable("Access masks exist on Windows only: name the rights, 'read', 'write' or 'execute'");
  }
  const names = toNames(access);
  if (names.includes('delete'))
    throw unavailable("Linux has no right to delete a file: check 'write' and 'execute' on its folder");
  return all(names, linuxBits);
}

/**
 * A path, or a security descriptor in text or self-relative form (Windows).
 *
 * @example
 * const targets: AccessTarget[] = ['/srv/files/report.txt', { sddl: 'D:(A;;FA;;;BA)(A;;FR;;;AU)' }];
 */
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

function onLinux(token: OpenToken, { kind, data }: Target, mode: number): Promise<boolean> {
  if (kind !== 'path')
    throw new ImpersonationError(
      'Security descriptors exist on Windows only: check a path',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  return startJob({ tokenRef: token.ref() }, 'access', data, mode).then(
    () => true,
    (error: unknown) => {
      // The thread could not act as the user, so the user's access is unknown.
      if (error instanceof ImpersonationError) throw error;
      return fallback(false, 'EACCES', 'EPERM', 'EROFS', 'ETXTBSY')(error);
    },
  );
}

/** Implements `token.canAccess`. */
export async function canAccess(
  token: OpenToken,
  target: AccessTarget,
  access: DesiredAccess,
): Promise<boolean> {
  const id = token.openId();
  const checked = toTarget(target);
  if (native.port === 'linux') return onLinux(token, checked, toLinuxMode(access));
  const mask = toWin32Mask(access);
  const data = checked.kind === 'path' ? toNamespacedPath(checked.data) : checked.data;
  return native.checkAccess(id, checked.kind, data, mask);
}
