import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { root } from '../support/root.mjs';

const require = createRequire(import.meta.url);

/** The test addon for Windows: see test/support/win32/seam.ts. */
export const seamFile = path.join(root, 'build-win32-x64', 'Release', 'seam.node');
export const loadSeam = () => require(seamFile);

/**
 * Returns the computer that the verification runs on: accounts, access lists, and clients of Integrated Authentication.
 * In a rehearsal the test authority and the file witness of the test addon take the place of what Wine lacks.
 */
export async function openMachine({ rehearsal, home }) {
  const seam = loadSeam();
  if (seam.isWine() !== rehearsal) {
    throw new Error(rehearsal ? 'A rehearsal is only for Wine' : 'Wine can only rehearse: use --rehearse');
  }
  const product = await import('impersonate');
  const files = await import('impersonate/fs');
  const http = await import('impersonate/http');
  const parts = { seam, product, files, http, rehearsal };
  return rehearsal ? { ...parts, ...standIns(seam, home) } : { ...parts, ...realCalls(seam) };
}

function realCalls(seam) {
  return {
    findAccount: seam.findAccount,
    createAccount: seam.createAccount,
    setDisabled: seam.setAccountDisabled,
    deleteAccount: seam.deleteAccount,
    deleteProfile: seam.deleteProfile,
    setAccess: seam.setFileAccess,
    negotiateClient: ({ name, password }, options = {}) => {
      const { package: of = 'Negotiate', identify = false } = options;
      return seam.negotiateClient(of, name, process.env.COMPUTERNAME, password, identify);
    },
  };
}

const accountDisabled = 1331;

/** Names and comments are in a file, where they stay if the run is killed, like accounts. Passwords are not. */
function standIns(seam, home) {
  seam.patchAuthority('impersonate.node');
  seam.patchWitness();
  const file = path.join(home, 'accounts.json');
  const read = () => {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      return {};
    }
  };
  const write = (accounts) => writeFileSync(file, JSON.stringify(accounts));
  const passwords = new Map();
  const define = (name, sid, error = 0) =>
    seam.defineUser({ name, domain: '.', password: String(passwords.get(name)), sid, error });
  return {
    findAccount: (name) => read()[name] ?? null,
    createAccount(name, comment, password) {
      const accounts = read();
      const sid = `S-1-5-21-1000-2000-3000-${2000 + Object.keys(accounts).length}`;
      write({ ...accounts, [name]: { sid, comment } });
      passwords.set(name, password);
      define(name, sid);
    },
    setDisabled: (name, disabled) => define(name, read()[name].sid, disabled ? accountDisabled : 0),
    deleteAccount(name) {
      write(Object.fromEntries(Object.entries(read()).filter(([other]) => other !== name)));
    },
    deleteProfile: () => false,
    setAccess: (target, sddl) => seam.allow(target, sddl),
    negotiateClient({ name, password }, { identify = false } = {}) {
      const proof = `SEAM ${identify ? 'identification' : 'impersonation'} ${name}:${password}`;
      return (reply) => Buffer.from(reply === undefined ? 'SEAM?' : proof);
    },
  };
}
