import type { NativePrincipal, TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { toPrincipal, type Principal } from '../token/principal';
import { findToken } from '../internal/token-registry';
import type { Identities } from './messages';

let known: NativePrincipal | undefined;

/** To be called when the process's own credentials have changed. */
export function forgetProcess(): void {
  known = undefined;
}

/** Who the process is. To be asked as the process. */
export function processPrincipal(): Principal {
  known ??= native.describeProcess().user;
  return toPrincipal(known);
}

/** Both identities, for a token that is open, if only in a flow or scope. To be asked as the process. */
export function identitiesOf(id: TokenId): Identities {
  const user = findToken(id)?.user ?? toPrincipal(native.describeToken(id).user);
  return { process: processPrincipal(), user };
}
