/** What only this package's own modules can hand to a constructor. */
export const internal = Symbol('internal');

export function illegalConstructor(name: string): TypeError {
  return Object.assign(new TypeError(`${name} has no public constructor`), {
    code: 'ERR_ILLEGAL_CONSTRUCTOR',
  });
}
