import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';

// Read without a call, since almost everything asks.
const state = native.scopeState;
const token = 0;
const depth = 1;
const held = 2;

/** The innermost scope's token: its id, 0 outside every scope, -1 if it has been closed since. */
export const currentTokenId = (): TokenId => state[token] as TokenId;

/** Open scopes of this thread. */
export const scopeDepth = (): number => state[depth] as number;

/**
 * Whether a native frame ends the innermost scope: the callback of runSync or of withoutToken runs in it. So it is outside
 * of every scope.
 */
export const isInnermostHeld = (): boolean => state[held] === state[depth];
