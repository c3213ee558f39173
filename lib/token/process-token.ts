import type { Token } from './token';

let token: Token | undefined;

/** The process's token as `Token.current()` answers it, made by `make` where there is none; nobody else's to close. */
export function processToken(make: () => Token): Token {
  if (!token || token.closed) token = make();
  return token;
}

/** To be called when the process's own credentials have changed. */
export function forgetProcessToken(): void {
  token?.close();
  token = undefined;
}
