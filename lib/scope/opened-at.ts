import { captureStackTrace } from '../internal/call-sites';
import type { OpenScope } from './open-scopes';

/** Of so many scopes of a job: a stack costs microseconds, and the rest of a scope's JavaScript a tenth of one. */
const most = 16;
let kept = 0;

/** Keeps the stack where a scope is opened, up to the call of `below`, for the case that it is left open. */
export function keepOpenedAt(scope: OpenScope, below: new (...args: never[]) => object): void {
  if (kept === most) return;
  kept += 1;
  captureStackTrace(scope, below);
}

/** At the end of a job: of the next one's first scopes it is kept again. */
export function endOfJob(): void {
  kept = 0;
}
