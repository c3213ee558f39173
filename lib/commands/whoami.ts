import type { Principal } from '../token/principal';
import type { Token } from '../token/token';
import type * as Package from '../unrouted';
import { columns, print, printJson } from './print';

type Product = typeof Package;

interface Described {
  readonly id: string;
  readonly name?: string;
}

/** Returns the principal's id, and its name if it has an account. */
async function describe({ lookupAccount }: Product, principal: Principal): Promise<Described> {
  const account = await lookupAccount(principal);
  if (!account) return { id: principal.id };
  return { id: principal.id, name: [account.domain, account.name].filter(Boolean).join('\\') };
}

const textOf = ({ id, name }: Described): string => (name === undefined ? id : `${name} (${id})`);

async function describeToken(product: Product, token: Token) {
  const describeAll = (principals: readonly Principal[]): Promise<Described[]> =>
    Promise.all(principals.map((principal) => describe(product, principal)));
  return {
    user: await describe(product, token.user),
    type: token.type,
    level: token.level,
    groups: await describeAll(token.groups),
    denyOnlyGroups: await describeAll(token.denyOnlyGroups),
    privileges: token.privileges,
    logonId: token.logonId,
  };
}

const list = (title: string, texts: readonly string[]): [string, string][] =>
  texts.length === 0 ? [[title, 'none']] : texts.map((text, index) => [index === 0 ? title : '', text]);

/** Prints who a token identifies: that of a user, or the process's own. */
export async function runWhoami(
  product: Product,
  { json, user }: { readonly json: boolean; readonly user: string | undefined },
): Promise<number> {
  const token = user === undefined ? product.Token.process() : await product.Token.forUser(user);
  const described = await describeToken(product, token).finally(() => {
    token.close();
  });
  if (json) {
    printJson(described);
    return 0;
  }
  const { level, type, groups, denyOnlyGroups, privileges } = described;
  print(
    ...columns([
      ['user', textOf(described.user)],
      ['type', type],
      ['level', level ?? 'none'],
      ...list('groups', groups.map(textOf)),
      ...(denyOnlyGroups.length > 0 ? list('deny only', denyOnlyGroups.map(textOf)) : []),
      ...list(
        'privileges',
        privileges.map(({ name, enabled }) => `${name}${enabled ? '' : ' (disabled)'}`),
      ),
    ]),
  );
  return 0;
}
