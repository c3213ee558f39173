import type { NativeLevel } from '../../types/native';
import { wrongType, wrongValue } from '../internal/validate';

/** How far a server may go in a client's name: the Win32 impersonation levels, lowest first. */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation';

const levels: readonly ImpersonationLevel[] = ['anonymous', 'identification', 'impersonation', 'delegation'];

export function levelName(level: NativeLevel): ImpersonationLevel {
  return levels[level] as ImpersonationLevel;
}

export function levelNumber(level: unknown, argument: string): NativeLevel {
  if (typeof level !== 'string') throw wrongType(argument, 'of type string', level);
  const index = levels.indexOf(level as ImpersonationLevel);
  if (index < 0) throw wrongValue(argument, `must be one of: ${levels.join(', ')}`);
  return index as NativeLevel;
}

/** Whether a token of that level, or a primary one, can be acted as. */
export function isForWork(level: ImpersonationLevel | null): level is 'impersonation' | 'delegation' | null {
  return level !== 'anonymous' && level !== 'identification';
}
