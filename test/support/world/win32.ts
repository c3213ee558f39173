import { randomBytes } from 'node:crypto';
import { Token, type LogonOptions } from 'impersonate/unrouted';
import { seam, type TokenSpec } from '../win32/seam';
import type { Identity, World } from './world';

/** A user made by the seam: it has a real token and a real SID, but no account of this computer. */
export interface Win32Identity extends Identity {
  readonly name: string;
  readonly spec: TokenSpec;
  /** A token handle with every right; the caller closes it. */
  mint(changes?: Partial<TokenSpec>): bigint;
}

export const everyone = 'S-1-1-0';
export const domain = 'SEAM';
const authority = 'S-1-5-21-1000-2000-3000';
const commonGroups = [everyone, 'S-1-5-11', 'S-1-5-32-545'];

function identity(key: 'alice' | 'bob', rid: number): Win32Identity {
  const id = `${authority}-${String(rid)}`;
  const group = `${authority}-${String(rid + 1000)}`;
  const spec: TokenSpec = {
    user: id,
    groups: [...commonGroups, group].map((sid) => ({ sid })),
    privileges: ['SeChangeNotifyPrivilege', 'SeShutdownPrivilege'],
    type: 'impersonation',
    level: 'impersonation',
    logonSid: `S-1-5-5-0-${String(rid)}`,
  };
  const mint = (changes: Partial<TokenSpec> = {}): bigint => seam().mint({ ...spec, ...changes });
  const token = (): Promise<Token> => Promise.resolve(Token.fromHandle(mint(), { adopt: true }));
  const logon = (changes?: Partial<LogonOptions>): LogonOptions => ({
    user: key,
    domain,
    password: key,
    ...changes,
  });
  return { key, name: key, id, group, password: key, spec, mint, token, logon };
}

const alice = identity('alice', 1001);
const bob = identity('bob', 1002);

// Wine has no logon authority: without this, anonymous tokens for example are unavailable. Also gives the users names.
seam().patchAuthority('impersonate.node');
for (const { name, id: sid, group } of [alice, bob]) {
  seam().defineUser({ name, domain, password: name, sid, groups: [{ sid: group }] });
}

const serviceId = seam().effectiveIdentity().sid;
const prefix = `impersonate-test-${randomBytes(8).toString('hex')}`;
for (const [name, sid] of [
  ['alice', alice.id],
  ['bob', bob.id],
  ['service', serviceId],
] as const) {
  seam().createObject(`${prefix}-${name}`, `D:(A;;GA;;;${sid})`);
}

const accessDenied = 5;

function canOpen(name: string): boolean {
  const error = seam().openObject(`${prefix}-${name}`);
  if (error === 0) return true;
  if (error === accessDenied) return false;
  throw new Error(`opening the object of ${name} failed with ${String(error)}`);
}

let witnessed = false;

function putForeign(who: Identity): void {
  const handle = (who as Win32Identity).mint();
  try {
    seam().setForeignToken(handle);
  } finally {
    seam().closeHandle(handle);
  }
}

export const world: World & { readonly alice: Win32Identity; readonly bob: Win32Identity } = {
  alice,
  bob,
  serviceId,
  canOpen: (who) => canOpen(who.key),
  canOpenService: () => canOpen('service'),
  whoAmI: () => seam().effectiveUser(),
  putForeign,
  removeForeign: () => {
    seam().clearForeignToken();
  },
  own(path, who) {
    if (!witnessed) seam().patchWitness();
    witnessed = true;
    seam().allow(path, `D:(A;;FA;;;${who === 'service' ? serviceId : who.id})`);
  },
  handleCount: () => seam().handleCount(),
};
