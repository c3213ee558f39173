import { existsSync } from 'node:fs';
import path from 'node:path';
import { npmScript } from '../suites/npm-script.mjs';
import { ensurePackages } from '../support/packages.mjs';
import { root } from '../support/root.mjs';

const packages = ['krb5-kdc', 'krb5-admin-server', 'krb5-user', 'libkrb5-dev', 'curl'];
const addon = path.join(root, 'node_modules', 'kerberos', 'build', 'Release', 'kerberos.node');

let reason;

/** Installs Debian's MIT Kerberos and builds the package kerberos. Returns '' or the reason why that failed. */
function ensureKerberos() {
  try {
    ensurePackages(packages);
  } catch (error) {
    console.log(`Tests with Kerberos are skipped. ${error.message}`);
    return error.message;
  }
  // The package's install script has not run, and the binaries that it downloads are not available everywhere.
  if (!existsSync(addon)) npmScript('build:kerberos');
  return '';
}

/** Returns the environment variable that tells the tests whether a KDC is available. Computed once. */
export function kerberosEnvironment() {
  reason ??= ensureKerberos();
  return reason === '' ? { IMPERSONATE_TEST_KERBEROS: '1' } : { IMPERSONATE_TEST_KERBEROS_SKIP: reason };
}
