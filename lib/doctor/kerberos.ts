import { native } from '../internal/binding';
import type { KerberosFacts } from './doctor';
import { readKdcClock } from './kdc';
import { keytabPrincipals } from './keytab';
import { krb5Variable, readKrb5Config, type Krb5Config } from './krb5-config';
import type { Problem } from './verdict';

const service = 'HTTP';
const isService = (principal: string): boolean => principal.startsWith(`${service}/`);

const messageOf = (error: unknown): string => (error as Error).message;

function libraryProblem(): string | undefined {
  try {
    native.freeCredentials(native.acquireCredentials('Negotiate', '', false, 0, '', false));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The file of a keytab's name, which has a type before it. Undefined for a keytab that is no file. */
function fileOf(name: string): string | undefined {
  const [, type = 'FILE', file] = /^(?:([A-Za-z]{2,}):)?(.*)$/.exec(name) ?? [];
  return ['FILE', 'WRFILE'].includes(type) ? file : undefined;
}

function readKeytab(name: string): Pick<KerberosFacts, 'keytab' | 'keytabProblem' | 'principals'> {
  const file = fileOf(name);
  if (file === undefined) return { keytab: name, keytabProblem: 'it is not a file', principals: [] };
  try {
    return { keytab: file, principals: keytabPrincipals(file) };
  } catch (error) {
    return { keytab: file, keytabProblem: messageOf(error), principals: [] };
  }
}

async function readClock(
  principals: readonly string[],
  { defaultRealm, kdcs }: Krb5Config,
): Promise<Pick<KerberosFacts, 'realm' | 'kdc' | 'skew' | 'kdcProblem'>> {
  const principal = principals.find(isService) ?? principals[0];
  const realm = principal?.replace(/^.*@/, '') ?? defaultRealm;
  // A KDC is asked only where Kerberos is in use.
  if (realm === undefined || principal === undefined) return { ...(realm !== undefined && { realm }) };
  try {
    return { realm, ...(await readKdcClock(realm, kdcs.get(realm) ?? [])) };
  } catch (error) {
    const reasons =
      error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
    return { realm, kdcProblem: reasons || `there is no KDC of ${realm} in krb5.conf or DNS` };
  }
}

/** Returns the facts about Kerberos, with the clock of a KDC if the keytab has a key. */
export async function kerberosFacts(): Promise<KerberosFacts> {
  const config = readKrb5Config();
  const keytab = readKeytab(krb5Variable('KRB5_KTNAME') ?? config.keytab ?? '/etc/krb5.keytab');
  // As the process, which a pinned thread is not again after an await.
  const problem = libraryProblem();
  const clock = await readClock(keytab.principals, config);
  return {
    ...(problem !== undefined && { libraryProblem: problem }),
    ...keytab,
    ...clock,
    allowedSkew: config.clockSkew,
  };
}

/** Returns why a NegotiateServer with the default options cannot authenticate clients. */
export function kerberosProblem(facts: KerberosFacts): Problem | undefined {
  const { keytab, keytabProblem, principals, skew = 0, allowedSkew, kdc = '' } = facts;
  if (facts.libraryProblem !== undefined)
    return {
      because: facts.libraryProblem,
      fix: 'Install the libraries of MIT Kerberos: libgssapi-krb5-2, or krb5-libs',
    };
  if (keytabProblem !== undefined)
    return {
      because: `the keytab ${keytab} cannot be read: ${keytabProblem}`,
      fix: 'Set KRB5_KTNAME to a keytab that only the service may read (ktadd of kadmin, ktpass of Windows or msktutil make one)',
    };
  if (!principals.some(isService))
    return {
      because: `the keytab ${keytab} has no key of a principal ${service}/...`,
      fix: `Add the key of ${service}/ and the host name that clients use to it: ktadd -k ${keytab} ${service}/host.example.com`,
    };
  if (Math.abs(skew) > allowedSkew)
    return {
      because: `the clock of the KDC ${kdc} is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this one, and ${allowedSkew} s are accepted`,
      fix: 'Let both synchronize their clocks (chrony, systemd-timesyncd)',
    };
  return undefined;
}
