/** Thrown by the parsers of arguments; the caller of an operation gets what node says instead. */
export class InvalidArguments extends Error {}

export function invalid(): never {
  throw new InvalidArguments();
}
