/** Encodes a value with its tag and its length. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 + bytes.length, ...bytes]), value]);
}

/** An element: its tag and its value. */
export interface Element {
  readonly tag: number;
  readonly value: Buffer;
}

/** Reads the elements that fill the bytes. Returns undefined for what is not DER. */
export function decode(bytes: Buffer): Element[] | undefined {
  const elements: Element[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes[offset] ?? 0;
    let length = bytes[offset + 1];
    let start = offset + 2;
    if (length === undefined || length === 0x80) return undefined;
    if (length > 0x80) {
      const size = length - 0x80;
      if (size > 4 || start + size > bytes.length) return undefined;
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    if (start + length > bytes.length) return undefined;
    elements.push({ tag, value: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return elements;
}
