import { inspect, type InspectOptions } from 'node:util';
import type { OpenToken } from './open-token';

/** What console.log shows of a token. */
export function inspectToken(token: OpenToken, options: InspectOptions): string {
  if (token.closed) return 'Token { closed: true }';
  const { user, level, type, logonId, isAnonymous } = token;
  const privileges = token.privileges.filter(({ enabled }) => enabled).length;
  const shown = {
    user: user.name ?? user.id,
    ...(user.name !== undefined && { id: user.id }),
    type,
    level,
    groups: token.groups.map(({ id, name }) => name ?? id),
    ...(privileges > 0 && { enabledPrivileges: privileges }),
    ...(logonId !== null && { logonId }),
    ...(isAnonymous && { isAnonymous }),
  };
  return `Token ${inspect(shown, options)}`;
}
