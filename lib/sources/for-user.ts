import { native } from '../binding';
import { rememberAccount } from '../account';
import { internal } from '../internal';
import { Token } from '../token';
import { validateOptions, validateString } from '../validate';

/** How `Token.forUser` finds the user. */
export interface ForUserOptions {
  /**
   * Who answers for the account: `kerberos` for one of a domain, `local` (MSV1_0) for one of this computer, `auto`
   * chooses by the name. Windows; on Linux there is only the user database.
   */
  source?: 'auto' | 'kerberos' | 'local';
}

/** What `Token.forUser` does. */
export async function userToken(name: string, options: ForUserOptions): Promise<Token> {
  validateString(name, 'name');
  validateOptions(options, 'options', ['source']);
  // Without await: inside a scope that would be taken for the scope's own code suspending itself.
  return native.tokenForUser(name).then((id) => {
    const token = new Token(internal, id);
    rememberAccount('user', token.user.id, Object.freeze({ name }));
    return token;
  });
}
