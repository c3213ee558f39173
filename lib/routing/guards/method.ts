type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Has `call` make every call of `object[name]`, which it is given with the receiver and the arguments. */
export function replaceMethod(
  object: object,
  name: string,
  call: (original: Method, receiver: unknown, args: unknown[]) => unknown,
): void {
  const original = Reflect.get(object, name) as Method;
  Object.defineProperty(object, name, {
    ...Object.getOwnPropertyDescriptor(object, name),
    value: new Proxy(original, { apply: (target, receiver: unknown, args) => call(target, receiver, args) }),
  });
}

/** Calls `check` with the arguments before each call of `object[name]`, which is made unless it throws. */
export function guardMethod(object: object, name: string, check: (...args: unknown[]) => void): void {
  replaceMethod(object, name, (original, receiver, args) => {
    check(...args);
    return Reflect.apply(original, receiver, args);
  });
}
