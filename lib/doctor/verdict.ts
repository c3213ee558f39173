import type { ImpersonationLevel } from '../token/open-token';

/** Why the process cannot use a part of the package, and what to change. */
export interface Problem {
  readonly because: string;
  readonly fix: string;
}

/** Whether the process can use a part of the package: it can if there is no problem. */
export interface Verdict {
  readonly problem?: Problem | undefined;
  readonly level?: ImpersonationLevel;
}

/** Returns the verdict for what needs all of these: the first problem decides. */
export const requiring = (...problems: readonly (Problem | undefined)[]): Verdict => ({
  problem: problems.find((problem) => problem !== undefined),
});
