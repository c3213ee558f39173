import { existsSync } from 'node:fs';
import path from 'node:path';
import { npmScript } from '../suites/npm-script.mjs';
import { ensurePackages } from '../support/packages.mjs';
import { root } from '../support/root.mjs';

const packages = ['krb5-kdc', 'krb5-admin-server', 'krb5-user', 'libkrb5-dev', 'curl'];
const addon = path.join(root, 'node_modules', 'kerberos', 'build', 'Release', 'kerberos.node');

let reason;

/** Debian's MIT Kerberos, and the package kerberos built against it. Says why there is none; '' if there is. */
function ensureKerberos() {
  try {
    ensurePackages(packages);
  } catch (error) {
    console.log(`Tests with Kerberos are skipped. ${error.message}`);
    return error.message;
  }
  // No install script has run, and the binaries it would have fetched are not everywhere to be had.
  if (!existsSync(addon)) npmScript('build:kerberos');
  return '';
}

/** What says to the tests whether they can have a KDC of their own; asked once. */
export function kerberosEnvironment() {
  reason ??= ensureKerberos();
  return reason === '' ? { IMPERSONATE_TEST_KERBEROS: '1' } : { IMPERSONATE_TEST_KERBEROS_SKIP: reason };
}
