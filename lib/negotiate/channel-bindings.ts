import { deferred } from '../internal/deferred';
import { decode, type Element } from '../internal/der';

/** The hash functions of signature algorithms, by their object identifiers. MD5 and SHA-1 are replaced by SHA-256. */
const signatureHashes: Readonly<Record<string, string>> = {
  // RSA (PKCS #1 1.5)
  '1.2.840.113549.1.1.4': 'sha256',
  '1.2.840.113549.1.1.5': 'sha256',
  '1.3.14.3.2.29': 'sha256',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.15': 'sha512-224',
  '1.2.840.113549.1.1.16': 'sha512-256',
  '2.16.840.1.101.3.4.3.13': 'sha3-224',
  '2.16.840.1.101.3.4.3.14': 'sha3-256',
  '2.16.840.1.101.3.4.3.15': 'sha3-384',
  '2.16.840.1.101.3.4.3.16': 'sha3-512',
  // ECDSA
  '1.2.840.10045.4.1': 'sha256',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '2.16.840.1.101.3.4.3.9': 'sha3-224',
  '2.16.840.1.101.3.4.3.10': 'sha3-256',
  '2.16.840.1.101.3.4.3.11': 'sha3-384',
  '2.16.840.1.101.3.4.3.12': 'sha3-512',
  // DSA
  '1.2.840.10040.4.3': 'sha256',
  '2.16.840.1.101.3.4.3.1': 'sha224',
  '2.16.840.1.101.3.4.3.2': 'sha256',
  '2.16.840.1.101.3.4.3.3': 'sha384',
  '2.16.840.1.101.3.4.3.4': 'sha512',
};

/** RSASSA-PSS, whose hash function is a parameter. */
const rsaPss = '1.2.840.113549.1.1.10';

/** The hash functions that RSASSA-PSS names. SHA-1, its default, is replaced by SHA-256. */
const pssHashes: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha256',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.5': 'sha512-224',
  '2.16.840.1.101.3.4.2.6': 'sha512-256',
  '2.16.840.1.101.3.4.2.7': 'sha3-224',
  '2.16.840.1.101.3.4.2.8': 'sha3-256',
  '2.16.840.1.101.3.4.2.9': 'sha3-384',
  '2.16.840.1.101.3.4.2.10': 'sha3-512',
};

const sequence = 0x30;
const objectIdentifier = 0x06;
/** The tag of the first parameter of RSASSA-PSS. */
const hashParameter = 0xa0;

/** Returns the elements of a sequence of DER; none if it is invalid. */
const elementsOf = (der: Buffer): Element[] => decode(der) ?? [];

/** Returns an object identifier in its dotted form. */
function toDotted(content: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  const [first = 0, ...rest] = numbers;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...rest].join('.');
}

/** Returns the object identifier of an AlgorithmIdentifier, and its parameters. */
function algorithmOf(der: Buffer): { id?: string; parameters?: Element | undefined } {
  const [id, parameters] = elementsOf(der);
  return id?.tag === objectIdentifier ? { id: toDotted(id.value), parameters } : {};
}

/** Returns the hash function of RSASSA-PSS-params: SHA-1, so SHA-256, if they do not name one. */
function pssHash(parameters: Element | undefined): string | undefined {
  const [first] = parameters ? elementsOf(parameters.value) : [];
  if (first?.tag !== hashParameter) return 'sha256';
  const [algorithm] = elementsOf(first.value);
  return pssHashes[algorithm ? (algorithmOf(algorithm.value).id ?? '') : ''];
}

/** Returns the hash function of the certificate's signature, by RFC 5929; undefined if there is none. */
function hashOf(certificate: Buffer): string | undefined {
  const [whole] = elementsOf(certificate);
  if (whole?.tag !== sequence) return undefined;
  const algorithm = elementsOf(whole.value)[1];
  if (algorithm?.tag !== sequence) return undefined;
  const { id = '', parameters } = algorithmOf(algorithm.value);
  return id === rsaPss ? pssHash(parameters) : signatureHashes[id];
}

/**
 * Returns the channel bindings `tls-server-end-point` of a TLS connection (RFC 5929, section 4): a hash of the server's
 * certificate, with the hash function of its signature, or SHA-256 in place of MD5 and SHA-1. Both sides of a handshake
 * pass them on, so that it is of no use on another connection. It makes no system call, and can be used on every thread.
 *
 * @param certificate - The server's certificate in DER. On the client `socket.getPeerX509Certificate().raw`, on the
 * server `socket.getX509Certificate().raw`.
 * @returns The application data of the bindings; undefined if they are not defined, as for a certificate that is signed
 * with Ed25519, which has no separate hash function. OpenSSL, curl and PostgreSQL have none then either.
 * @example
 * import { X509Certificate } from 'node:crypto';
 * const { raw } = new X509Certificate(fs.readFileSync('/srv/tls/server.pem'));
 * const channelBindings = tlsServerEndPoint(raw);
 */
export function tlsServerEndPoint(certificate: Buffer): Buffer | undefined {
  const hash = hashOf(certificate);
  if (hash === undefined) return undefined;
  const digest = deferred().createHash(hash).update(certificate).digest();
  return Buffer.concat([Buffer.from('tls-server-end-point:'), digest]);
}
