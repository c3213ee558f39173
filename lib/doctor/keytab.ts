import { readFile } from './file';

/** Reads the big-endian values of a keytab one after the other. Throws a RangeError beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  uint16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  text(): string {
    return this.bytes(this.uint16()).toString('utf8');
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the file ends within an entry');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

/** Returns the principal of an entry, which is at its beginning. The key behind it is not read. */
function principalOf(entry: Reader): string {
  const count = entry.uint16();
  const realm = entry.text();
  const components = Array.from({ length: count }, () => entry.text());
  return `${components.join('/')}@${realm}`;
}

function parse(bytes: Buffer): string[] {
  const reader = new Reader(bytes);
  if (reader.uint16() !== 0x0502) throw new Error('it is not a keytab of version 2');
  const principals = new Set<string>();
  while (!reader.isAtEnd) {
    const length = reader.int32();
    const entry = reader.bytes(Math.abs(length));
    // A negative length is that of a removed entry.
    if (length > 0) principals.add(principalOf(new Reader(entry)));
  }
  return [...principals];
}

/** Returns the principals that a keytab has keys of (the format of MIT Kerberos and Heimdal). Throws if it has none to read. */
export function keytabPrincipals(file: string): string[] {
  const bytes = readFile(file);
  try {
    return parse(bytes);
  } finally {
    bytes.fill(0);
  }
}
