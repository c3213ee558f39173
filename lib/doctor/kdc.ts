import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { decode, encode } from '../internal/der';

// Just enough of Kerberos (RFC 4120) to read the clock of a KDC: it tells its time with every error, and a ticket for a
// client that does not exist is an error.

const field = (number: number, value: Buffer): Buffer => encode(0xa0 + number, value);
const sequence = (...parts: readonly Buffer[]): Buffer => encode(0x30, ...parts);
const integer = (value: number): Buffer => encode(0x02, Buffer.from([value]));
const text = (value: string): Buffer => encode(0x1b, Buffer.from(value, 'utf8'));
const name = (type: number, ...components: readonly string[]): Buffer =>
  sequence(field(0, integer(type)), field(1, sequence(...components.map(text))));

const client = 'impersonate-doctor';
const encryptionTypes = [18, 17, 23];

/** An AS-REQ of a client that no realm has. It differs from all others: a KDC repeats its reply to the same request. */
function requestFor(realm: string): Buffer {
  const nonce = Buffer.alloc(4);
  nonce.writeUInt32BE(randomInt(0x0100_0000, 0x7fff_ffff));
  const body = sequence(
    field(0, encode(0x03, Buffer.alloc(5))),
    field(1, name(1, client)),
    field(2, text(realm)),
    field(3, name(2, 'krbtgt', realm)),
    field(5, encode(0x18, Buffer.from('20370913024805Z'))),
    field(7, encode(0x02, nonce)),
    field(8, sequence(...encryptionTypes.map(integer))),
  );
  return encode(0x6a, sequence(field(1, integer(5)), field(2, integer(10)), field(4, body)));
}

/** Throws a RangeError for bytes that are not DER, such as a message that ends early. */
function contentOf(bytes: Buffer, tag: number): Buffer | undefined {
  const elements = decode(bytes);
  if (!elements) throw new RangeError('the message ends within a value');
  return elements.find((element) => element.tag === tag)?.value;
}

/** Returns the time of a KRB-ERROR in milliseconds; undefined for another message. */
export function timeOfError(message: Buffer): number | undefined {
  const error = contentOf(message, 0x7e);
  const body = error && contentOf(error, 0x30);
  const time = body && contentOf(body, 0xa4);
  const digits = (time && contentOf(time, 0x18))?.toString('latin1') ?? '';
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const seconds = Date.parse(iso);
  if (Number.isNaN(seconds) || !body) return undefined;
  const fraction = contentOf(body, 0xa5);
  const micros = fraction && contentOf(fraction, 0x02);
  return seconds + (micros && micros.length <= 6 ? micros.readUIntBE(0, micros.length) / 1000 : 0);
}

/** Returns the host and port of `host`, `host:port` or `[address]:port`. */
function toAddress(server: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain = server, port = '88'] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: bracketed ?? plain, port: Number(port) };
}

const patience = 1500; // ms

/** The clock of a KDC. */
export interface KdcClock {
  readonly kdc: string;
  /** The seconds by which it is ahead of this computer's. */
  readonly skew: number;
}

const newResolver = (): dns.Resolver => new dns.Resolver({ timeout: patience, tries: 1 });

async function addressOf(host: string): Promise<{ readonly address: string; readonly family: number }> {
  const family = isIP(host);
  if (family !== 0) return { address: host, family };
  // getaddrinfo(), which knows more names, waits very long for a name server that does not reply.
  await newResolver()
    .resolve4(host)
    .catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === dns.TIMEOUT) throw error;
    });
  return dns.lookup(host);
}

async function ask(server: string, request: Buffer): Promise<KdcClock> {
  const { host, port } = toAddress(server);
  const { address, family } = await addressOf(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    return await exchange(socket, { server, address, port }, request);
  } finally {
    socket.close();
  }
}

function exchange(
  socket: Socket,
  { server, address, port }: { readonly server: string; readonly address: string; readonly port: number },
  request: Buffer,
): Promise<KdcClock> {
  const sent = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const clock = new Promise<KdcClock>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the KDC ${server} does not reply`)), patience);
    socket.once('error', reject).on('message', (message) => {
      const now = Date.now();
      const time = timeOfMessage(message);
      // Anything else may be from somebody else: it is waited on.
      if (time === undefined) return;
      resolve({ kdc: server, skew: Math.round(time - (sent + now) / 2) / 1000 });
    });
    // Only the KDC's messages arrive on a connected socket.
    socket.connect(port, address, () => socket.send(request));
  });
  return clock.finally(() => clearTimeout(timer));
}

function timeOfMessage(message: Buffer): number | undefined {
  try {
    return timeOfError(message);
  } catch {
    return undefined;
  }
}

async function findKdcs(realm: string): Promise<string[]> {
  const found = await newResolver().resolveSrv(`_kerberos._udp.${realm.toLowerCase()}`);
  return found.map(({ name: host, port }) => `${host}:${port}`);
}

/**
 * Returns the clock of the realm's KDC that replies first (UDP). `known` are its KDCs by krb5.conf; without any DNS has
 * them. Rejects if none replies.
 */
export async function readKdcClock(realm: string, known: readonly string[]): Promise<KdcClock> {
  const servers = known.length > 0 ? known : await findKdcs(realm);
  const request = requestFor(realm);
  return Promise.any(servers.slice(0, 4).map((server) => ask(server, request)));
}
