import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateOptions, wrongType, wrongValue } from '../internal/validate';

/** RPC_C_IMP_LEVEL_: what a server may do as the caller. */
const levels = { identification: 2, impersonation: 3, delegation: 4 } as const;
/** RPC_C_AUTHN_LEVEL_: how the calls are protected. */
const authentications = { connect: 2, call: 3, packet: 4, integrity: 5, privacy: 6 } as const;
const cloakings = { static: 0, dynamic: 1 } as const;

/**
 * The security of the process's calls by COM.
 *
 * @example
 * const options: ComSecurityOptions = { cloaking: 'dynamic', level: 'delegation', authentication: 'privacy' };
 */
export interface ComSecurityOptions {
  /**
   * `dynamic`: each call goes out as the user that the thread acts as at that moment. `static`: all calls of a proxy go out
   * as the user of its first call.
   */
  cloaking: keyof typeof cloakings;
  /** What a server may do as the caller: `impersonation` by default. `delegation` also on other machines. */
  level?: keyof typeof levels;
  /**
   * What is protected: `privacy`, the default, authenticates and encrypts every call; `integrity` and `packet` only
   * authenticate them; `call` and `connect` authenticate less.
   */
  authentication?: keyof typeof authentications;
}

function choose(value: unknown, argument: string, choices: Readonly<Record<string, number>>): number {
  if (typeof value !== 'string') throw wrongType(argument, 'of type string', value);
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen !== undefined) return chosen;
  throw wrongValue(argument, `must be one of ${Object.keys(choices).join(', ')}`);
}

/**
 * Sets the security of COM for the process, with cloaking: calls that a thread makes in a scope go out as the user of the
 * scope, and not as the process (CoInitializeSecurity). Call it once, at start-up, before modules that use COM are loaded:
 * it is set once for a process, and COM sets it itself at its first call otherwise. Calls in flows go out as the process:
 * make them in `token.runSync()`. See docs/com.md. Windows.
 *
 * @param options - Cloaking, level and authentication.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError `RPC_E_TOO_LATE` if it has been set; another HRESULT of CoInitializeSecurity by name;
 * `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on other systems.
 * @example
 * initializeComSecurity({ cloaking: 'dynamic' });
 */
export function initializeComSecurity(options: ComSecurityOptions): void {
  validateOptions(options, 'options', ['cloaking', 'level', 'authentication']);
  const cloaking = choose(options.cloaking, 'options.cloaking', cloakings);
  const level = choose(options.level ?? 'impersonation', 'options.level', levels);
  const authentication = choose(
    options.authentication ?? 'privacy',
    'options.authentication',
    authentications,
  );
  if (native.port !== 'win32') {
    throw new ImpersonationError('COM is a part of Windows', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
  }
  native.initializeComSecurity(cloaking === cloakings.dynamic ? 1 : 0, authentication, level);
}
