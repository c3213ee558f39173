import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tlsServerEndPoint } from 'impersonate/http';
import { tempFolder } from '../support/folders';

const folder = tempFolder('bindings');
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

/** Makes a certificate in DER with openssl, by the arguments for its key and signature. */
function certificate(name: string, ...args: string[]): Buffer {
  const files = ['-keyout', `${name}.key`, '-outform', 'DER', '-out', name];
  openssl('req', '-x509', '-nodes', '-subj', '/CN=localhost', '-days', '1', ...files, ...args);
  return readFileSync(join(folder, name));
}

const rsa = ['-newkey', 'rsa:2048'];
const pss = [...rsa, '-sigopt', 'rsa_padding_mode:pss'];
const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

describe('tlsServerEndPoint()', () => {
  // The name of the hash function that openssl is to compute, by RFC 5929.
  test.each<[hash: string, name: string, ...args: string[]]>([
    ['sha256', 'rsa-md5', ...rsa, '-md5'],
    ['sha256', 'rsa-sha1', ...rsa, '-sha1'],
    ['sha224', 'rsa-sha224', ...rsa, '-sha224'],
    ['sha256', 'rsa-sha256', ...rsa, '-sha256'],
    ['sha384', 'rsa-sha384', ...rsa, '-sha384'],
    ['sha512', 'rsa-sha512', ...rsa, '-sha512'],
    ['sha512-256', 'rsa-sha512-256', ...rsa, '-sha512-256'],
    ['sha3-256', 'rsa-sha3-256', ...rsa, '-sha3-256'],
    ['sha256', 'pss-sha1', ...pss, '-sha1'],
    ['sha256', 'pss-sha256', ...pss, '-sha256'],
    ['sha384', 'pss-sha384', ...pss, '-sha384'],
    ['sha512', 'pss-sha512', ...pss, '-sha512', '-sigopt', 'rsa_pss_saltlen:20'],
    ['sha512', 'pss-mgf1', ...pss, '-sha512', '-sigopt', 'rsa_mgf1_md:sha256'],
    ['sha256', 'ecdsa-sha1', ...ec, '-sha1'],
    ['sha256', 'ecdsa-sha256', ...ec, '-sha256'],
    ['sha384', 'ecdsa-sha384', ...ec, '-sha384'],
    ['sha512', 'ecdsa-sha512', ...ec, '-sha512'],
    ['sha3-512', 'ecdsa-sha3-512', ...ec, '-sha3-512'],
  ])('has the hash %s for the certificate %s', (hash, name, ...args) => {
    const der = certificate(name, ...args);
    const digest = openssl('dgst', `-${hash}`, '-r', name).split(' ')[0] ?? '';
    expect(digest).toMatch(/^[0-9a-f]{56,}$/);
    const bindings = tlsServerEndPoint(der);
    expect(bindings?.subarray(0, 21).toString()).toBe('tls-server-end-point:');
    expect(bindings?.subarray(21).toString('hex')).toBe(digest);
  });

  test.each([
    ['ed25519', '-newkey', 'ed25519'],
    ['ed448', '-newkey', 'ed448'],
  ])('is undefined for %s, which has no hash function of its own', (name, ...args) => {
    expect(tlsServerEndPoint(certificate(name, ...args))).toBeUndefined();
  });

  test('is undefined for what is no certificate, cut off anywhere', () => {
    const der = certificate('whole', ...ec);
    expect(tlsServerEndPoint(der)).toBeInstanceOf(Buffer);
    for (let length = 0; length < der.length; length++)
      expect(tlsServerEndPoint(der.subarray(0, length))).toBeUndefined();
    expect(tlsServerEndPoint(Buffer.from('308400000000', 'hex'))).toBeUndefined();
  });
});
