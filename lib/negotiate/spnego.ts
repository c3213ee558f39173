import { ImpersonationError } from '../internal/error';
import { decode, encode, type Element } from '../internal/der';

/** The OIDs of mechanisms, as messages contain them: DER in hexadecimal. */
const spnego = '06062b0601050502';
export const krb5 = '06092a864886f712010202';
/** Kerberos as Windows also calls it, by an old mistake in its OID. */
const msKrb5 = '06092a864882f712010202';

/** Whether a client's first message is for that mechanism (RFC 2743, 3.1): the OID follows the tag and the length. */
export function isMechanism(message: Uint8Array, oid: string): boolean {
  const length = message[1] ?? 0;
  const start = 2 + (length > 0x80 ? length - 0x80 : 0);
  const found = Buffer.from(message.buffer, message.byteOffset, message.length);
  return message[0] === 0x60 && found.toString('hex', start, start + oid.length / 2) === oid;
}

// The tags of RFC 4178, 4.2.
const sequence = 0x30;
const octets = 0x04;
const oidTag = 0x06;
const enumerated = 0x0a;
const application = 0x60;
const context = (number: number): number => 0xa0 + number;

const states = { completed: 0, incomplete: 1, rejected: 2 } as const;

/** What a server replies within SPNEGO. */
export interface SpnegoReply {
  /** The mechanism's own message; undefined if there is none. */
  readonly message: Buffer | undefined;
  /** Whether the server wants no further message. */
  readonly completed: boolean;
}

function refused(reason: string): ImpersonationError {
  return new ImpersonationError(
    `The server does not authenticate the client: ${reason}`,
    'ERR_HANDSHAKE_REFUSED',
  );
}

/** A client's first message, and how the server replies to it. */
export interface SpnegoOffer {
  /** The message of Kerberos. */
  readonly message: Buffer;
  /** Wraps the server's reply, which completes the handshake. */
  reply(message: Buffer): Buffer;
}

const isKerberos = (oid: Buffer): boolean => [krb5, msKrb5].includes(encode(oidTag, oid).toString('hex'));

/**
 * Reads a client's first message. Undefined unless it is SPNEGO, and Kerberos is the mechanism that the client prefers: the
 * list of mechanisms then needs no protection: a changed list leads to no weaker mechanism.
 */
export function unwrapOffer(message: Buffer): SpnegoOffer | undefined {
  const [outer, ...after] = decode(message) ?? [];
  const [oid, init] = (outer?.tag === application ? decode(outer.value) : undefined) ?? [];
  if (after.length > 0 || oid?.tag !== oidTag || init?.tag !== context(0)) return undefined;
  if (encode(oidTag, oid.value).toString('hex') !== spnego) return undefined;
  const [fields] = decode(init.value) ?? [];
  const elements = (fields?.tag === sequence ? decode(fields.value) : undefined) ?? [];
  const [preferred] = decode(field(elements, 0, sequence) ?? Buffer.alloc(0)) ?? [];
  const inner = field(elements, 2, octets);
  if (preferred?.tag !== oidTag || !isKerberos(preferred.value) || !inner) return undefined;
  const completed = encode(context(0), encode(enumerated, Buffer.from([states.completed])));
  const chosen = encode(context(1), encode(oidTag, preferred.value));
  return {
    message: inner,
    reply: (own) =>
      encode(context(1), encode(sequence, completed, chosen, encode(context(2), encode(octets, own)))),
  };
}

/** Wraps the first message of Kerberos, as the only mechanism that is offered: the server cannot choose a weaker one. */
export function wrapFirst(message: Buffer): Buffer {
  const offered = encode(context(0), encode(sequence, Buffer.from(krb5, 'hex')));
  const first = encode(context(2), encode(octets, message));
  const init = encode(context(0), encode(sequence, offered, first));
  return encode(application, Buffer.from(spnego, 'hex'), init);
}

/** Wraps a later message. */
export function wrapNext(message: Buffer): Buffer {
  return encode(context(1), encode(sequence, encode(context(2), encode(octets, message))));
}

/** The value of a field with that type; undefined if there is none, null if it has another one. */
function field(elements: readonly Element[], number: number, tag: number): Buffer | null | undefined {
  const found = elements.find((element) => element.tag === context(number));
  if (!found) return undefined;
  const [inner, ...more] = decode(found.value) ?? [];
  return inner?.tag === tag && more.length === 0 ? inner.value : null;
}

function fieldsOf(message: Buffer): readonly Element[] {
  const [outer, ...after] = decode(message) ?? [];
  const [inner, ...more] = (outer?.tag === context(1) ? decode(outer.value) : undefined) ?? [];
  const fields = inner?.tag === sequence ? decode(inner.value) : undefined;
  if (!fields || after.length > 0 || more.length > 0) throw refused('its message is not SPNEGO');
  return fields;
}

/**
 * Reads a server's reply.
 *
 * @throws ImpersonationError `ERR_HANDSHAKE_REFUSED` if the server rejects the client, or sends anything else;
 * `ERR_NTLM_REFUSED` if it chooses another mechanism than Kerberos.
 */
export function unwrap(message: Buffer): SpnegoReply {
  // Some servers reply with the mechanism's own message.
  if (isMechanism(message, krb5)) return { message, completed: true };
  const fields = fieldsOf(message);
  const [stateField, mechanism, inner] = [
    field(fields, 0, enumerated),
    field(fields, 1, oidTag),
    field(fields, 2, octets),
  ];
  if (stateField === null || mechanism === null || inner === null) throw refused('its message is not SPNEGO');
  const state = stateField?.[0];
  if (state === states.rejected) throw refused('it rejects the mechanism Kerberos, or the message');
  if (mechanism && !isKerberos(mechanism)) {
    throw new ImpersonationError(
      'The server has chosen another mechanism than Kerberos, such as NTLM: give its account the service principal name',
      'ERR_NTLM_REFUSED',
    );
  }
  // Kerberos was the only offer and has been accepted, so there is no list of mechanisms to protect.
  return { message: inner, completed: state === undefined || state === states.completed };
}
