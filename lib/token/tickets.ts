import { randomBytes } from 'node:crypto';
import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { runInFlow } from '../internal/flow-store';
import { validateInteger, validateOptions, validateString } from '../internal/validate';

/**
 * When a ticket of `token.share` expires.
 *
 * @example
 * const options: ShareOptions = { expiresIn: 5_000 };
 * const ticket = token.share(options);
 */
export interface ShareOptions {
  /** Milliseconds until the ticket expires, 1 to 86,400,000 (a day); 60,000 by default. */
  expiresIn?: number;
}

const ticketBytes = 16;
const day = 86_400_000;

/** The next sweep of this thread, and when it is due. */
let timer: NodeJS.Timeout | undefined;
let due = Infinity;

/** Releases the tokens of expired tickets. */
function sweep(): void {
  due = Infinity;
  const next = native.expireTickets();
  if (next !== 0) sweepIn(next);
}

function sweepIn(delay: number): void {
  const time = performance.now() + delay;
  if (time >= due) return;
  due = time;
  clearTimeout(timer);
  // Outside of flows: the timer must not keep the flow's token open.
  timer = runInFlow(null, () => setTimeout(sweep, delay).unref());
}

/** Implements `token.share()` for an open token. */
export function shareToken(token: TokenId, options: ShareOptions): string {
  validateOptions(options, 'options', ['expiresIn']);
  const { expiresIn = 60_000 } = options;
  validateInteger(expiresIn, 'options.expiresIn', 1, day);
  const ticket = randomBytes(ticketBytes).toString('base64url');
  native.shareToken(token, ticket, expiresIn);
  sweepIn(expiresIn);
  return ticket;
}

/** Implements `Token.claim()`. */
export function claimTicket(ticket: unknown): TokenId {
  validateString(ticket, 'ticket');
  const token = native.claimToken(ticket);
  if (token === 0) {
    throw new ImpersonationError(
      'The ticket is not valid: it has been claimed, has expired, or never existed. Share the token again',
      'ERR_TICKET_INVALID',
    );
  }
  return token;
}
