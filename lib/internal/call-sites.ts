// Stack frames without running code of the program: what is used here is taken when the package is loaded.
const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, setPrototypeOf } = Reflect;
/** `Object.hasOwn` does not read the value; reading a `stack` would format it. */
export const { hasOwn } = Object;
const OwnError = Error;
const methodOfStrings: unknown = Reflect.get(String.prototype, 'startsWith');
const startsWith = (text: string, start: string): unknown =>
  apply(methodOfStrings as () => unknown, text, [start]);
export const captureStackTrace = Error.captureStackTrace.bind(Error);

type Below = (...args: never[]) => unknown;

/** An object that `Error.captureStackTrace` has been called with. */
interface Holder {
  stack?: unknown;
}

/** Returns the descriptor without a prototype, which could add accessors. */
function ownDescriptor(object: object, name: string): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}

/** Calls `fn` with a property of Error set; does not call it if that fails or would call a setter of the program. */
function withSetting(name: string, value: unknown, fn: () => void): void {
  const before = ownDescriptor(OwnError, name);
  const attributes = before?.configurable === false ? {} : { writable: true, configurable: true };
  const setting: PropertyDescriptor = { value, ...attributes };
  setPrototypeOf(setting, null);
  if (!defineProperty(OwnError, name, setting)) return;
  try {
    fn();
  } finally {
    if (before) defineProperty(OwnError, name, before);
    else deleteProperty(OwnError, name);
  }
}

/** Returns the frames that `holder` has captured, innermost first; none if reading them would run code of the program. */
function sitesOf(holder: Holder): readonly NodeJS.CallSite[] {
  if (ownDescriptor(globalThis, 'Error')?.value !== OwnError) return [];
  let sites: readonly NodeJS.CallSite[] = [];
  const prepare = (_error: unknown, prepared: NodeJS.CallSite[]): string => {
    sites = prepared;
    return '';
  };
  withSetting('prepareStackTrace', prepare, () => holder.stack);
  return sites;
}

/** Returns the frames above the call of `below`, innermost first. */
export function stackOf(below: Below): readonly NodeJS.CallSite[] {
  const holder: Holder = {};
  withSetting('stackTraceLimit', Infinity, () => {
    captureStackTrace(holder, below);
  });
  return sitesOf(holder);
}

/** The methods of call sites as V8 defines them. */
const methods = (() => {
  const holder: Holder = {};
  withSetting('stackTraceLimit', 1, () => {
    captureStackTrace(holder);
  });
  const [site] = sitesOf(holder);
  const method = (name: string): (() => unknown) | undefined =>
    site && (Reflect.get(site, name) as (() => unknown) | undefined);
  return {
    getFileName: method('getFileName'),
    getTypeName: method('getTypeName'),
    isAsync: method('isAsync'),
    isEval: method('isEval'),
    toString: method('toString'),
    getScriptHash: method('getScriptHash'),
  };
})();

function callMethod(site: NodeJS.CallSite, method: keyof typeof methods): unknown {
  const function_ = methods[method];
  return function_ && apply(function_, site, []);
}

/** Returns the file of a frame; empty for builtins and evaluated code. */
export const fileOf = (site: NodeJS.CallSite): string => (callMethod(site, 'getFileName') ?? '') as string;

/** Returns whether the frame is a builtin's or of a script named `node:...`, a name that any script can have. */
export function isNamedLikeNode(site: NodeJS.CallSite): boolean {
  const file = fileOf(site);
  return file === '' || startsWith(file, 'node:') === true;
}

/** Returns the class of the receiver. */
export const typeOf = (site: NodeJS.CallSite): unknown => callMethod(site, 'getTypeName');

export const isEvaluated = (site: NodeJS.CallSite): boolean => callMethod(site, 'isEval') === true;

/** Returns whether the frame is an async one: not on the stack, but awaiting a frame that is. */
export const isAsync = (site: NodeJS.CallSite): boolean => callMethod(site, 'isAsync') === true;

/** Returns a hash of the script's source: a script can have any name, but not the source of another. */
export const sourceHashOf = (site: NodeJS.CallSite): unknown => callMethod(site, 'getScriptHash');

/** Returns the captured frames as lines of text; empty if they cannot be read. */
export function textOf(holder: Holder): string {
  const sites = sitesOf(holder);
  let text = '';
  // No iterator, which the program may have replaced, and no index past the end, which may have an accessor.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    if (site) text += `\n    at ${callMethod(site, 'toString') as string}`;
  }
  return text;
}

/** Returns the frames above the call of `below` as lines of text. */
export function textAt(below: Below): string {
  const holder: Holder = {};
  captureStackTrace(holder, below);
  return textOf(holder);
}
